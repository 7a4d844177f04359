"""Temporary files of runs: under FOOTFALL_HOME, so that those of a run that was killed go when the next one begins.

They hold rows on their way, as they stood in the landing files: a folder that the whole machine shares is no place for
them.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from ingest.temporary import temporary_folders_in
from warehouse.owner_only import make_private

FOLDER = "temporary"


@contextmanager
def scratch_folder(home: Path) -> Iterator[Path]:
    """A folder of this run's own under `home`, gone at the end of the block; loading uses it meanwhile.

    A run holds a lock on its folder, so that two runs of one home, each on a warehouse of its own, let each other be.
    """
    parent = home / FOLDER
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_private(parent)
    with ExitStack() as held:
        with _opened(parent) as gate:
            flock(gate, LOCK_EX)
            for folder in parent.iterdir():
                _remove_abandoned(folder)
            own = Path(tempfile.mkdtemp(dir=parent))
            flock(held.enter_context(_opened(own)), LOCK_EX)
        try:
            with temporary_folders_in(own):
                yield own
        finally:
            shutil.rmtree(own, ignore_errors=True)


def _remove_abandoned(folder: Path) -> None:
    """The kernel let go of the lock when the process that made the folder died."""
    with _opened(folder) as descriptor:
        try:
            flock(descriptor, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            return
        shutil.rmtree(folder)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
