"""A run is killed: readers see the old tables or the new ones, a plain rerun ends like a run that nobody killed."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import psycopg2
import pytest

from orchestration.settings import PROJECT_ROOT
from tests.pipeline import SECRET, Pipeline
from tests.unit.ingest.event_rows import event
from warehouse.open import open_warehouse

WAIT_SECONDS = 240
FOOTFALL = Path(sys.executable).parent / "footfall"
IS_THOROUGH = "FOOTFALL_TEST_ALL_FAULTS" in os.environ
DAY = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=3)

# Where a run is stopped and killed: module, function, the side of the call.
BEFORE_LOAD_COMMIT = ("ingest.load", "_take_in", "after")
AFTER_LOAD_COMMIT = ("orchestration.refresh", "load_landing", "after")
MID_DBT = ("orchestration.defs.dbt", "_with_progress", "before")
MID_AUDIT = ("orchestration.expectations", "check_served", "before")
POINTS = {
    "duckdb": {
        "before_load_commit": BEFORE_LOAD_COMMIT,
        "after_load_commit": AFTER_LOAD_COMMIT,
        "mid_dbt": MID_DBT,
        "mid_audit": MID_AUDIT,
        "mid_publish": ("warehouse.duckdb", "_copy_marts", "after"),
        "pointer_moved": ("warehouse.duckdb", "DuckDBWarehouse._point_to", "after"),
        "published": ("warehouse.duckdb", "DuckDBWarehouse.publish", "after"),
    },
    "postgres": {
        "before_load_commit": BEFORE_LOAD_COMMIT,
        "after_load_commit": AFTER_LOAD_COMMIT,
        "mid_dbt": MID_DBT,
        "mid_audit": MID_AUDIT,
        "mid_publish": ("warehouse.postgres", "record_publication", "before"),
        "published": ("warehouse.postgres", "PostgresWarehouse.publish", "after"),
    },
}
# The most telling ones are always tried; `make test-faults` tries them all.
ALWAYS = {("duckdb", "mid_dbt"), ("duckdb", "pointer_moved"), ("postgres", "mid_dbt"), ("postgres", "mid_publish")}
NAMED = [
    (engine, point, number)
    for engine, points in POINTS.items()
    for point in points
    for number in (signal.SIGKILL, signal.SIGTERM)
    if IS_THOROUGH or ((engine, point) in ALWAYS and number == signal.SIGKILL)
]
RANDOM_MOMENTS = [(engine, seed) for engine in POINTS for seed in range(4)]


class Published:
    """A warehouse that has published its first events and is given more, and what readers see of it then.

    Attributes:
        old, new: digests of all published tables before and after the run that is to be disturbed.
    """

    def __init__(self, pipeline: Pipeline, landing: Path, old: dict, new: dict) -> None:
        self.pipeline = pipeline
        self.landing = landing
        self.old = old
        self.new = new
        settings = pipeline.settings
        self.temporary = settings.home / "temporary"
        self.temporary.mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTFALL_", "DAGSTER_"))}
        self.environment = kept | {
            "FOOTFALL_HOME": str(settings.home),
            "FOOTFALL_TARGET": settings.target,
            "FOOTFALL_LANDING": str(landing),
            "FOOTFALL_SECRET_KEY": SECRET,
            "FOOTFALL_SETTLE_SECONDS": "0",
            "FOOTFALL_DUCKDB_MEMORY_LIMIT": "2GB",
            "FOOTFALL_LOCK_WAIT_SECONDS": "120",
            "TMPDIR": str(self.temporary),
        }
        if settings.postgres_dsn:
            self.environment["FOOTFALL_POSTGRES_DSN"] = settings.postgres_dsn.get_secret_value()

    @contextmanager
    def started(self, *command: str) -> Iterator[subprocess.Popen]:
        """The command in a process group of its own, which is gone at the end."""
        process = subprocess.Popen(
            command,
            cwd=PROJECT_ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
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
            process.wait(WAIT_SECONDS)
            _wait_until(lambda: not _members(process.pid), 15, "the run left a process behind")

    def check_after_the_fault(self) -> None:
        """Readers see one publication; a plain rerun ends like a clean run, and nothing is left behind."""
        assert self.pipeline.digests() in (self.old, self.new)
        rerun = subprocess.run(
            [FOOTFALL, "run"], cwd=PROJECT_ROOT, env=self.environment, capture_output=True, text=True, timeout=600
        )
        assert rerun.returncode == 0, rerun.stderr
        assert self.pipeline.digests() == self.new
        assert self.pipeline.fetch("select count(*) from raw.pending") == [(0,)]
        assert self.pipeline.fetch("select count(*), count(distinct event_id) from raw.events") == [(60, 60)]
        with open_warehouse(self.pipeline.settings).lock(0):
            pass
        assert list(self.temporary.iterdir()) == []
        published = self.pipeline.settings.home / "published"
        leftovers = [path.name for path in published.glob("*") if path.suffix in (".wal", ".next", ".tmp")]
        assert leftovers == []


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


def _wait_until(is_so: Callable[[], bool], seconds: float, otherwise: str) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)


def _rows(first: int) -> str:
    """Thirty events of five users; later ones belong to sessions of earlier ones."""
    rows = [
        event(
            event_id=f"e{number}",
            user_id=f"u{number % 5}",
            event_type="page_view" if number % 3 else "feature_use",
            event_name="export",
            page_path=f"/{number % 4}",
            created_at=(DAY + timedelta(minutes=7 * (number % 30) + first // 30)).isoformat(),
        )
        for number in range(first, first + 30)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture(scope="module")
def make_published(make_pipeline, parsed_project, tmp_path_factory, request) -> Callable[[str], Published]:
    """make_published(engine): a copy of a warehouse that published once, and a landing folder with one more file."""
    made: dict[str, tuple] = {}

    def make(engine: str) -> Published:
        if engine not in made:
            made[engine] = _first_publication(make_pipeline, tmp_path_factory, engine)
        base, first, old, new = made[engine]
        home, landing = tmp_path_factory.mktemp(f"killed-{engine}-"), tmp_path_factory.mktemp("landing")
        shutil.copytree(first, landing, dirs_exist_ok=True)
        (landing / "events" / "more.ndjson").write_text(_rows(30))
        shutil.copytree(base.settings.home, home, symlinks=True, dirs_exist_ok=True)
        dsn = {}
        if engine == "postgres":
            dsn["postgres_dsn"] = _copy_database(request, base.settings.postgres_dsn.get_secret_value())
        return Published(Pipeline(home, engine, **dsn), landing, old, new)

    return make


def _first_publication(make_pipeline, tmp_path_factory, engine: str) -> tuple[Pipeline, Path, dict, dict]:
    landing = tmp_path_factory.mktemp("first")
    (landing / "events").mkdir()
    (landing / "events" / "first.ndjson").write_text(_rows(0))
    base = make_pipeline(engine)
    base.run(landing)
    whole = tmp_path_factory.mktemp("whole")
    shutil.copytree(landing, whole, dirs_exist_ok=True)
    (whole / "events" / "more.ndjson").write_text(_rows(30))
    clean = make_pipeline(engine)
    clean.run(whole)
    return base, landing, base.digests(), clean.digests()


def _copy_database(request: pytest.FixtureRequest, source: str) -> str:
    server = request.getfixturevalue("postgres_server")
    copy = server.new_database()
    names = [dsn.rpartition("/")[2] for dsn in (copy, source)]
    connection = psycopg2.connect(server.dsn)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"drop database {names[0]}")
            cursor.execute(f"create database {names[0]} template {names[1]}")
    finally:
        connection.close()
    return copy


@pytest.mark.parametrize(("engine", "point", "number"), NAMED)
def test_run_killed_at_a_named_point_is_made_good_by_the_next(make_published, tmp_path, engine, point, number):
    published = make_published(engine)
    marker = tmp_path / "reached"
    module, function, side = POINTS[engine][point]
    command = [sys.executable, "-m", "tests.faults.stopped_run", module, function, side, str(marker), "run"]

    def reached(process: subprocess.Popen) -> None:
        _wait_until(
            lambda: marker.exists() or process.poll() is not None, WAIT_SECONDS, f"the run never came to {point}"
        )
        assert process.poll() is None, f"the run ended before it came to {point}"
        if point == "mid_dbt":
            time.sleep(4)  # dbt itself starts in this time and is killed at its work

    published.kill(command, number, reached)
    published.check_after_the_fault()


@pytest.mark.skipif(not IS_THOROUGH, reason="random moments take minutes: `make test-faults` tries them")
@pytest.mark.parametrize(("engine", "seed"), RANDOM_MOMENTS)
def test_run_killed_at_a_random_moment_is_made_good_by_the_next(make_published, engine, seed):
    chosen = random.Random(f"{engine} {seed}")
    number, seconds = chosen.choice([signal.SIGKILL, signal.SIGTERM]), chosen.uniform(1, 25)
    print(f"seed {seed}: {number.name} after {seconds:.2f} s")
    published = make_published(engine)

    def moment(process: subprocess.Popen) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.05)

    published.kill([str(FOOTFALL), "run"], number, moment)
    published.check_after_the_fault()
