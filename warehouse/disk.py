"""How a full disk is told, whichever library ran into it."""

import errno
import re
from pathlib import Path

_NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# DuckDB and dbt pass the system's words on, SQLite and Postgres have their own.
_WORDS = re.compile(
    r"no space left on device|disk quota exceeded|file too large|disk is full|could not extend file", re.IGNORECASE
)


def is_disk_full(error: BaseException | None) -> bool:
    """Whether the error, or one that led to it, is that of a disk, quota or file size at its limit."""
    while error is not None:
        if (isinstance(error, OSError) and error.errno in _NUMBERS) or tells_of_full_disk(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def tells_of_full_disk(words: str) -> bool:
    """Whether the words of an error are those of a full disk."""
    return bool(_WORDS.search(words))


def full_disk_words(folder: Path) -> str:
    """What to tell a person. folder: what lies on the disk."""
    return f"no space is left on the disk that holds {folder}: make room there and run again"
