"""How a full disk is told, whichever library ran into it."""

import errno
import re
from pathlib import Path

_NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# DuckDB and dbt pass the system's words on, SQLite and Postgres have their own.
_FULL = re.compile(
    r"no space left on device|disk quota exceeded|file too large|disk is full|could not extend file", re.IGNORECASE
)
# SQLite says no more when a file beside its database cannot grow.
_FULL_OR_BROKEN = re.compile(r"disk I/O error", re.IGNORECASE)


SERVER_DISK_FULL = "the disk of the Postgres server is full: make room there and run again"


def tells_of_full_disk(words: str) -> bool:
    """Whether the words of an error are those of a full disk."""
    return bool(_FULL.search(words))


def disk_words(error: BaseException | str, folder: Path) -> str | None:
    """What to tell a person of an error that came of a disk, quota or file size at its limit; None: it did not.

    Args:
        error: itself or the error that led to it is of the disk; or the words of one.
        folder: what lies on the disk.
    """
    words = error if isinstance(error, str) else "\n".join(_chain(error))
    if tells_of_full_disk(words):
        return f"no space is left on the disk that holds {folder}: make room there and run again"
    if _FULL_OR_BROKEN.search(words):
        return f"the disk that holds {folder} is full or broken: make room there and run again"
    return None


def _chain(error: BaseException | None) -> list[str]:
    words = []
    while error is not None:
        has_number = isinstance(error, OSError) and error.errno in _NUMBERS
        words.append("disk is full" if has_number else str(error))
        error = error.__cause__ or error.__context__
    return words
