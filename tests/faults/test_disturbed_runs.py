"""Something is taken from a run that goes on: it ends in clear words or well, and the next run makes it good."""

import ctypes
import resource
import sys
from functools import partial

import pytest

from tests.faults.full_disk import can_mount, disk_of_its_own
from tests.faults.published import FOOTFALL, WAIT_SECONDS, Published, stopped_at, wait_until
from tests.integration.conftest import ENGINES
from tests.thorough import DUCKDB_OR_BOTH, IS_THOROUGH, thorough

BEFORE_LOAD = ("orchestration.refresh", "load_landing", "before")
MID_LOAD = ("ingest.load", "_take_in", "after")
MID_BUILD = ("orchestration.defs.dbt", "_with_progress", "before")
BETWEEN_FILES = ("ingest.load", "_load_group", "before")
MID_AUDIT = ("orchestration.expectations", "check_served", "before")
MOMENTS = {
    "mid_load": MID_LOAD,
    "mid_build": MID_BUILD,
    "mid_publish": ("warehouse.postgres", "record_publication", "before"),
}
# One after the other on one warehouse, in which files stay loaded; `make test` tries the most telling ones.
SERVER_FAULTS = [("cut", "mid_load"), ("crash", "mid_publish")]
if IS_THOROUGH:
    SERVER_FAULTS = [(fault, moment) for moment in MOMENTS for fault in ("cut", "crash")]


def _check_words(published: Published, *expected: str) -> None:
    """One clear sentence, no traceback, no secret."""
    words = published.words()
    for part in expected:
        assert part in words
    dsn = published.environment.get("FOOTFALL_POSTGRES_DSN", "no DSN")
    for secret in (published.environment["FOOTFALL_SECRET_KEY"], dsn, dsn.split("@")[0].rpartition(":")[2]):
        assert secret not in words
    assert "Traceback" not in words


def test_run_ends_in_words_when_postgres_is_taken_from_it(make_published, disturbed_server, tmp_path):
    published = make_published("postgres")
    dsn = published.environment["FOOTFALL_POSTGRES_DSN"]
    for fault, moment in SERVER_FAULTS:
        stopped = stopped_at(MOMENTS[moment], tmp_path / "reached")
        with published.started(*stopped.command) as run:
            stopped.wait(run)
            if moment == "mid_build":
                # The run goes on, for dbt waits while nobody reads what it says. It is cut at its work, for it opens a
                # connection a statement, and gets over the loss of an idle one.
                stopped.marker.unlink()
                begins = disturbed_server.builds if fault == "crash" else disturbed_server.cut_builds
                wait_until(lambda begins=begins: begins(dsn), WAIT_SECONDS, "dbt never built")
            if fault == "crash":
                disturbed_server.crash_and_start()
            else:
                assert disturbed_server.cut_connections(dsn) >= 1, (fault, moment)
            stopped.marker.unlink(missing_ok=True)
            assert published.wait(run) == 1, (fault, moment, published.words())
        _check_words(published, "run again", "Nothing was published: readers still see the marts as they were.")
        assert published.pipeline.digests() == published.old, (fault, moment)
    published.check_after_the_fault()


@thorough
def test_run_that_lost_its_lock_publishes_nothing_over_the_next(make_published, disturbed_server, tmp_path):
    published = make_published("postgres")
    stopped = stopped_at(MID_AUDIT, tmp_path / "reached")
    with published.started(*stopped.command) as run:
        stopped.wait(run)
        assert disturbed_server.cut_connections(published.environment["FOOTFALL_POSTGRES_DSN"]) == 1
        with published.started(FOOTFALL, "run") as other:
            assert published.wait(other) == 0, published.words()
        assert published.pipeline.digests() == published.new
        stopped.marker.unlink()
        assert published.wait(run) == 1
    _check_words(published, "another run took over this warehouse; nothing was published, run again")
    published.check_as_after_a_clean_run()
    assert published.publications() == 2


@pytest.mark.parametrize("engine", DUCKDB_OR_BOTH)
@pytest.mark.parametrize(
    "second",
    [("run",), pytest.param(("backfill", "--everything"), marks=thorough)],
    ids=["run", "backfill"],
)
def test_second_of_two_at_once_waits_and_both_end_well(make_published, tmp_path, engine, second):
    published = make_published(engine)
    stopped = stopped_at(MID_LOAD, tmp_path / "reached")
    with published.started(*stopped.command) as run:
        stopped.wait(run)
        with published.started(FOOTFALL, *second) as other:
            wait_until(lambda: "waiting for another run" in published.words(), WAIT_SECONDS, "it did not wait")
            assert other.poll() is None
            assert published.pipeline.digests() == published.old
            stopped.marker.unlink()
            assert [published.wait(run), published.wait(other)] == [0, 0], published.words()
    published.check_as_after_a_clean_run()
    assert published.publications() == (2 if second == ("run",) else 3)


@thorough
@pytest.mark.parametrize("engine", ENGINES)
def test_run_by_a_clock_that_was_set_back_loses_and_repeats_nothing(make_published, engine):
    published = make_published(engine)
    with published.started(sys.executable, "-m", "tests.faults.set_back_run", "30", "run") as run:
        assert published.wait(run) == 0, published.words()
    assert published.pipeline.digests() == published.new
    published.check_after_the_fault()
    with published.started(FOOTFALL, "run", "--full-refresh") as whole:
        assert published.wait(whole) == 0, published.words()
    published.check_as_after_a_clean_run()


def test_landing_folder_that_vanishes_or_may_not_be_read_is_named(make_published, tmp_path):
    published = make_published("duckdb")
    landing, away = published.landing, published.landing.with_name("away")
    for point in (BEFORE_LOAD, BETWEEN_FILES):
        stopped = stopped_at(point, tmp_path / "reached")
        with published.started(*stopped.command) as run:
            stopped.wait(run)
            landing.rename(away)
            stopped.marker.unlink()
            assert published.wait(run) == 1, published.words()
        away.rename(landing)
        _check_words(published, f"the landing root {landing}", "Nothing was published")
    landing.rename(away)
    with published.started(FOOTFALL, "run") as run:
        assert published.wait(run) == 2, published.words()
    away.rename(landing)
    _check_words(published, f"the landing root {landing} is not a folder. Create it, or set FOOTFALL_LANDING")
    landing.chmod(0)
    with published.started(FOOTFALL, "run", preexec_fn=_without_rights_of_root) as run:
        assert published.wait(run) == 2, published.words()
    landing.chmod(0o755)
    _check_words(published, f"the landing root {landing} cannot be read: Permission denied. Check its permissions")
    published.check_after_the_fault()


def _without_rights_of_root() -> None:
    """Let folder permissions bind root too: after exec it lacks what overrides them (linux/capability.h, prctl.h)."""
    drop, override, read_search = 24, 1, 2
    for capability in (override, read_search):
        ctypes.CDLL(None).prctl(drop, capability, 0, 0, 0)


@pytest.mark.usefixtures("may_mount")
@pytest.mark.parametrize("leave", [4096, 1_000_000, 8_000_000, 30_000_000] if IS_THOROUGH else [1_000_000])
def test_run_on_a_full_disk_ends_in_words(make_published, leave):
    """leave: bytes that are free when the run starts, so that it fails sooner or later."""
    published = make_published("duckdb")
    with disk_of_its_own(published.pipeline.settings.home) as disk:
        disk.fill(leave)
        with published.started(FOOTFALL, "run") as run:
            assert published.wait(run) == 1, published.words()
        _check_words(published, "the disk that holds", "make room there and run again")
        disk.make_room()
        assert published.pipeline.digests() == published.old
        published.check_after_the_fault()


@thorough
@pytest.mark.usefixtures("may_mount")
@pytest.mark.parametrize("leave", [4096, 300_000, 1_000_000])
def test_run_ends_in_words_when_the_disk_of_postgres_is_full(make_published, disturbed_server, leave):
    published = make_published("postgres")
    with disturbed_server.on_disk_of_its_own() as disk:
        disk.fill(leave)
        with published.started(FOOTFALL, "run") as run:
            assert published.wait(run) == 1, published.words()
        disk.make_room()
        disturbed_server.start_again()
        _check_words(published, "make room")
        assert published.pipeline.digests() == published.old
        published.check_after_the_fault()


@pytest.mark.skipif(
    can_mount() and not IS_THOROUGH, reason="a really full disk is tried here; `make test-all` tries this too"
)
def test_run_that_may_write_no_large_files_ends_in_words(make_published):
    """As with a quota: writing fails in the same place as on a full disk, by another error number."""
    published = make_published("duckdb")
    largest = (published.pipeline.settings.home / "duckdb" / "warehouse.duckdb").stat().st_size // 2
    with published.started(FOOTFALL, "run", preexec_fn=partial(_limit_files, largest)) as run:
        assert published.wait(run) == 1, published.words()
    _check_words(published, "no space is left on the disk that holds", "make room there and run again")
    assert published.pipeline.digests() == published.old
    published.check_after_the_fault()


def _limit_files(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@thorough
@pytest.mark.parametrize("engine", ENGINES)
def test_load_with_too_many_pages_is_held_and_named_until_the_limit_is_raised(make_published, engine):
    published = make_published(engine)
    published.environment["FOOTFALL_MAX_PAGE_PATHS"] = "3"
    with published.started(FOOTFALL, "run") as run:
        assert published.wait(run) == 1, published.words()
    _check_words(
        published,
        "failed: distinct_values_within_limits: at most 3 distinct values(page_path)",
        '"workspace_id": "default", "distinct_values": 4, "limit": 3, "patterns": ["/# (4 values)"]',
        "or raise FOOTFALL_MAX_PAGE_PATHS",
    )
    assert published.pipeline.digests() == published.old
    del published.environment["FOOTFALL_MAX_PAGE_PATHS"]
    published.check_after_the_fault()
