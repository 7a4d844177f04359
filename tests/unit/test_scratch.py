import subprocess
import sys
import tempfile
from pathlib import Path

from ingest.temporary import temporary_folder
from orchestration.scratch import FOLDER, scratch_folder

DIES_INSIDE = """
import os, pathlib, signal, sys
from ingest.temporary import temporary_folder
from orchestration.scratch import scratch_folder
with scratch_folder(pathlib.Path(sys.argv[1])):
    kept = temporary_folder("of-a-reader-")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_temporary_folders_lie_in_that_of_the_run_and_go_with_it(tmp_path: Path):
    with scratch_folder(tmp_path) as folder, temporary_folder("of-a-reader-") as own:
        assert Path(own).parent == folder
        assert folder.parent == tmp_path / FOLDER
        assert folder.stat().st_mode & 0o777 == folder.parent.stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / FOLDER).iterdir()) == []
    with temporary_folder("of-a-reader-") as own:
        assert Path(own).parent == Path(tempfile.gettempdir())


def test_what_a_killed_run_left_goes_when_the_next_one_begins(tmp_path: Path):
    killed = subprocess.run([sys.executable, "-c", DIES_INSIDE, tmp_path])
    assert killed.returncode == -9
    assert len(list((tmp_path / FOLDER).rglob("*"))) == 2
    with scratch_folder(tmp_path) as folder:
        assert list((tmp_path / FOLDER).iterdir()) == [folder]


def test_two_runs_at_once_leave_each_other_their_files(tmp_path: Path):
    with scratch_folder(tmp_path) as first, scratch_folder(tmp_path) as second:
        assert first != second
        assert first.is_dir()
        assert second.is_dir()
