"""A disk that is really full: a small file system in memory is mounted over a folder, and a file fills it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CAP_SYS_ADMIN = 21  # linux/capability.h
ROOM = 2 * 1024**3  # of the file system; memory is taken only for what lies on it


class FullDisk:
    """The file system of a folder.

    Attributes:
        folder: lies on a file system of its own.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, leave: int) -> None:
        """Until no more than so many bytes are free."""
        disk = os.statvfs(self.folder)
        with open(self._ballast, "wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, disk.f_bavail * disk.f_frsize - leave)

    def make_room(self) -> None:
        """Free again what `fill` took."""
        self._ballast.unlink()


def can_mount() -> bool:
    """Whether this process may mount a file system, as root mostly may: its effective rights hold CAP_SYS_ADMIN."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except FileNotFoundError:  # not Linux
        return False
    (rights,) = (int(line.split()[1], 16) for line in lines if line.startswith("CapEff:"))
    return bool(rights & 1 << CAP_SYS_ADMIN)


@contextmanager
def disk_of_its_own(folder: Path) -> Iterator[FullDisk]:
    """Within the block the folder, with what it holds, is a file system of its own; afterwards it is as before."""
    away = folder.with_name(folder.name + ".away")
    folder.rename(away)
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=755", "none", folder], check=True)
    try:
        subprocess.run(["cp", "-a", f"{away}/.", folder], check=True)
        shutil.rmtree(away)
        away.mkdir()
        yield FullDisk(folder)
    finally:
        subprocess.run(["cp", "-a", f"{folder}/.", away], check=True)
        subprocess.run(["umount", "-l", folder], check=True)
        folder.rmdir()
        away.rename(folder)
