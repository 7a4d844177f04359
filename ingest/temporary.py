"""Where rows lie on their way: in the folder of the run while there is one, else where the system keeps such files.

Not by `tempfile.tempdir`: what libraries put there and keep for later would go with the run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_folder: Path | None = None


def temporary_folder(prefix: str) -> TemporaryDirectory:
    """A folder that is gone when it is closed."""
    return TemporaryDirectory(prefix=prefix, dir=_folder)


@contextmanager
def temporary_folders_in(folder: Path) -> Iterator[None]:
    """Until the block ends, temporary folders are made in this one."""
    global _folder
    before, _folder = _folder, folder
    try:
        yield
    finally:
        _folder = before
