"""A run is killed: readers see the old tables or the new ones, a plain rerun ends like a run that nobody killed."""

import random
import signal
import subprocess
import time

import pytest

from tests.faults.published import FOOTFALL, stopped_at
from tests.thorough import IS_THOROUGH, thorough

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
# The most telling ones are always tried; `make test-all` tries them all.
ALWAYS = {("duckdb", "mid_dbt"), ("postgres", "mid_publish")}
NAMED = [
    (engine, point, number)
    for engine, points in POINTS.items()
    for point in points
    for number in (signal.SIGKILL, signal.SIGTERM)
    if IS_THOROUGH or ((engine, point) in ALWAYS and number == signal.SIGKILL)
]
RANDOM_MOMENTS = [(engine, seed) for engine in POINTS for seed in range(4)]


@pytest.mark.parametrize(("engine", "point", "number"), NAMED)
def test_run_killed_at_a_named_point_is_made_good_by_the_next(make_published, tmp_path, engine, point, number):
    published = make_published(engine)
    stopped = stopped_at(POINTS[engine][point], tmp_path / "reached")

    def reached(process: subprocess.Popen) -> None:
        stopped.wait(process)
        if point == "mid_dbt":
            time.sleep(4)  # dbt itself starts in this time and is killed at its work

    published.kill(stopped.command, number, reached)
    published.check_after_the_fault()


@thorough
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

    published.kill([FOOTFALL, "run"], number, moment)
    published.check_after_the_fault()
