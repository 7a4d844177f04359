"""Rights of files and folders that hold people's data: the owner's alone."""

import os
from pathlib import Path
from typing import TextIO


def make_private(path: Path) -> None:
    """Take every right on a file or folder from everyone but its owner.

    Raises:
        PermissionError: it belongs to another user.
    """
    rights = path.stat().st_mode & 0o700
    if path.stat().st_mode & 0o777 != rights:
        path.chmod(rights)


def make_private_home(home: Path) -> None:
    """Create FOOTFALL_HOME, or tighten it, so that only its owner can look inside.

    The embedded Postgres of root runs as another user. Where its data already lies inside, others may go through, but
    still not list what is there.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    base = home / "postgres" / "base"
    is_passed_through = os.geteuid() == 0 and base.exists() and Path(base.read_text()).is_relative_to(home)
    if is_passed_through:
        home.chmod(0o711)
    else:
        make_private(home)


def open_private(file: Path, mode: str = "x") -> TextIO:
    """A text file to write, which its owner alone may read from its first moment. mode: w writes over what is there."""
    return open(file, mode, encoding="utf-8", newline="", opener=lambda path, flags: os.open(path, flags, 0o600))
