"""A warehouse that has published, the run that is to be disturbed, and what must hold after any fault."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from orchestration.scratch import FOLDER
from orchestration.settings import PROJECT_ROOT
from tests.pipeline import SECRET, Pipeline
from tests.unit.ingest.event_rows import event
from warehouse.open import open_warehouse

WAIT_SECONDS = 600
FOOTFALL = str(Path(sys.executable).parent / "footfall")
DAY = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=3)
EVENTS_A_FILE = 30


def rows(first: int) -> str:
    """Thirty events of five users; later ones belong to sessions of earlier ones."""
    events = [
        event(
            event_id=f"e{number}",
            user_id=f"u{number % 5}",
            event_type="page_view" if number % 3 else "feature_use",
            event_name="export",
            page_path=f"/{number % 4}",
            created_at=(DAY + timedelta(minutes=7 * (number % EVENTS_A_FILE) + first // EVENTS_A_FILE)).isoformat(),
        )
        for number in range(first, first + EVENTS_A_FILE)
    ]
    return "".join(json.dumps(row) + "\n" for row in events)


@dataclass(frozen=True)
class Stopped:
    """A run that stops at one place.

    Attributes:
        command: starts it.
        marker: the file that appears when the run is there; the run goes on when it is removed.
    """

    command: list[str]
    marker: Path

    def wait(self, process: subprocess.Popen) -> None:
        """Until the run is there."""
        wait_until(lambda: self.marker.exists() or process.poll() is not None, WAIT_SECONDS, "the run never came there")
        assert process.poll() is None, "the run ended before it came there"


def stopped_at(point: tuple[str, str, str], marker: Path, *arguments: str) -> Stopped:
    """point: module, function and side of the call (see stopped_run.py). arguments: of `footfall`; none: `run`."""
    program = [sys.executable, "-m", "tests.faults.stopped_run", *point, str(marker)]
    return Stopped([*program, *(arguments or ("run",))], marker)


class Published:
    """A warehouse that has published its first events and is given more, and what readers see of it then.

    Attributes:
        old, new: digests of all published tables before and after the run that is to be disturbed.
        environment: of every command.
        output: where the commands that `started` starts write.
    """

    def __init__(self, pipeline: Pipeline, landing: Path, old: dict, new: dict, scratch: Path) -> None:
        self.pipeline = pipeline
        self.landing = landing
        self.old = old
        self.new = new
        self.output = scratch / "output"
        settings = pipeline.settings
        self._temporary = scratch / "temporary"
        self._temporary.mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTFALL_", "DAGSTER_"))}
        self.environment = kept | {
            "FOOTFALL_HOME": str(settings.home),
            "FOOTFALL_TARGET": settings.target,
            "FOOTFALL_LANDING": str(landing),
            "FOOTFALL_SECRET_KEY": SECRET,
            "FOOTFALL_SETTLE_SECONDS": "0",
            "FOOTFALL_DUCKDB_MEMORY_LIMIT": "2GB",
            "FOOTFALL_LOCK_WAIT_SECONDS": str(WAIT_SECONDS),
            "TMPDIR": str(self._temporary),
        }
        if settings.postgres_dsn:
            self.environment["FOOTFALL_POSTGRES_DSN"] = settings.postgres_dsn.get_secret_value()

    @contextmanager
    def started(self, *command: str, **options: object) -> Iterator[subprocess.Popen]:
        """The command in a process group of its own, which is gone at the end. options: of Popen."""
        with open(self.output, "a") as output:
            process = subprocess.Popen(
                command,
                cwd=PROJECT_ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **options,
            )
        try:
            yield process
        finally:
            if _members(process.pid):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def kill(self, command: list[str], number: signal.Signals, moment: Callable[[subprocess.Popen], None]) -> None:
        """Start the command, wait for the moment, and send the signal to its first process alone."""
        with self.started(*command) as process:
            moment(process)
            process.send_signal(number)
            self.wait(process)

    def wait(self, process: subprocess.Popen) -> int:
        """The exit code of a started command, once all that it started is gone too."""
        process.wait(WAIT_SECONDS)
        wait_until(lambda: not _members(process.pid), 15, "the run left a process behind")
        return process.returncode

    def words(self) -> str:
        """What the commands that `started` started wrote."""
        return self.output.read_text()

    def publications(self) -> int:
        """How often the warehouse was published."""
        return self.pipeline.fetch("select count(*) from ops.publications")[0][0]

    def check_after_the_fault(self) -> None:
        """Readers see one publication; a plain rerun ends like a clean run, and nothing is left behind."""
        assert self.pipeline.digests() in (self.old, self.new)
        with self.started(FOOTFALL, "run") as rerun:
            assert self.wait(rerun) == 0, self.words()
        self.check_as_after_a_clean_run()

    def check_as_after_a_clean_run(self) -> None:
        """Nothing lost, nothing twice, nothing left behind."""
        assert self.pipeline.digests() == self.new
        assert self.pipeline.fetch("select count(*) from raw.pending") == [(0,)]
        assert self.pipeline.fetch("select count(*), count(distinct event_id) from raw.events") == [(60, 60)]
        with open_warehouse(self.pipeline.settings).lock(0):
            pass
        home = self.pipeline.settings.home
        assert [*self._temporary.iterdir(), *(home / FOLDER).iterdir()] == []
        published = home / "published"
        leftovers = [path.name for path in published.glob("*") if path.suffix in (".wal", ".next", ".tmp")]
        assert leftovers == []


def wait_until(is_so: Callable[[], bool], seconds: float, otherwise: str) -> None:
    """Until it is so, which must be before so many seconds are over."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)


def _members(group: int) -> list[int]:
    """Living processes of a process group."""
    found = []
    for process in psutil.process_iter(["pid", "status"]):
        try:
            if os.getpgid(process.pid) == group and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except ProcessLookupError:
            continue
    return found
