"""Events that go over the horizon are deleted, and what was published of their days stays as it was."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

import pytest

from ingest.removal import tables_of_users
from tests.oracle import Landing
from tests.pipeline import Pipeline
from tests.property.arrivals import moment_of
from tests.property.batches import drawn, together
from tests.property.comparison import compare_tables, summary
from tests.property.histories import landings
from tests.property.landing_files import write_landing
from tests.thorough import thorough
from warehouse.open import open_warehouse

LAST_DAY = date(2024, 3, 31)
CLOCK = datetime.combine(LAST_DAY, time(20), UTC)
LATER = CLOCK + timedelta(days=6)
# They read single events of up to 365 days.
OF_EVENTS = ("fct_session_goals", "fct_session_steps", "rpt_funnels", "rpt_conversion_paths")
OLDER = """
select count(*)
from raw.events as events
left join raw.horizons as own on own.workspace_id = events.workspace_id
inner join raw.horizons as other on other.workspace_id = '*'
where events.created_at < coalesce(own.kept_from, other.kept_from) - interval '1 day'
"""


def split(whole: Landing, horizon: datetime) -> tuple[Landing, list[dict]]:
    """The landing without some events that come late, no copy of which is from before the horizon."""
    moments: dict[tuple, list[datetime]] = {}
    for row in whole.events:
        moments.setdefault((row.get("workspace_id"), row.get("event_id", row.get("id"))), []).append(moment_of(row))
    late_ids = {key for key, found in moments.items() if key[1] and min(found) > horizon and sum(key[1].encode()) % 3}
    is_late = [(row.get("workspace_id"), row.get("event_id", row.get("id"))) in late_ids for row in whole.events]
    in_time = [row for row, late in zip(whole.events, is_late, strict=True) if not late]
    return replace(whole, events=in_time), [row for row, late in zip(whole.events, is_late, strict=True) if late]


def assert_same_tables(purged: Pipeline, kept: Pipeline) -> None:
    marts = [mart for mart in kept.marts() if mart.name not in OF_EVENTS]
    found = compare_tables(marts, purged.tables(), kept.tables())
    assert not found, summary(found)


@pytest.mark.parametrize(("engine", "days"), [("duckdb", 30), pytest.param("postgres", 60, marks=thorough)])
def test_purged_warehouse_publishes_what_it_would_have_without_a_purge(
    engine: str, days: int, make_pipeline: Callable[..., Pipeline], tmp_path: Path
) -> None:
    histories = drawn(landings(LAST_DAY, most_visits=9, most_events=7).filter(lambda rows: rows.events), 20, 7)
    horizon = CLOCK - timedelta(days=days)
    first, late = split(together(histories), horizon + timedelta(days=8))
    too_late = [row for row in first.events if moment_of(row) < horizon - timedelta(days=2)][:5]
    assert late and too_late
    purged, kept = make_pipeline(engine), make_pipeline(engine)
    write_landing(first, tmp_path, rng=Random(1))
    for pipeline in (purged, kept):
        pipeline.run(tmp_path, clock=CLOCK)
    purged.settings = purged.settings.model_copy(update={"retain_raw_days": days})

    before = purged.fetch("select count(*) from raw.events")[0][0]
    purged.run(tmp_path, clock=CLOCK, purge=True, data_tests=True)
    gone = purged.fetch("select cast(sum(rows) as bigint) from raw.deletions where reason = 'beyond_retention'")[0][0]
    assert 100 < gone == before - purged.fetch("select count(*) from raw.events")[0][0]
    assert "everything" not in purged.builds[-1]
    assert purged.fetch(OLDER) == [(0,)]
    assert_same_tables(purged, kept)

    write_landing(Landing(events=late), tmp_path / "late", rng=Random(2))
    kept.run(tmp_path / "late", clock=LATER)
    arrived = Landing(events=late + [row | {"event_id": f"too late {n}"} for n, row in enumerate(too_late)])
    write_landing(arrived, tmp_path / "purged", rng=Random(3))
    report = purged.run(tmp_path / "purged", clock=LATER, purge=True, data_tests=True)
    assert report.total("dropped_beyond_retention") == len(too_late)
    assert_same_tables(purged, kept)

    purged.run(tmp_path / "purged", clock=LATER, full_refresh=True, data_tests=True)
    assert "everything" in purged.builds[-1]
    assert_same_tables(purged, kept)
    builds = len(purged.builds)
    purged.run(tmp_path / "purged", clock=LATER, purge=True)
    assert len(purged.builds) == builds, "there was nothing left to purge"


# What is counted of users at a grain that names none. Reports count the users who are there.
AGGREGATES = (
    "dim_features",
    "fct_activity_daily",
    "fct_activity_hourly",
    "fct_cohort_retention",
    "fct_feature_usage_daily",
    "fct_growth_periods",
    "fct_growth_rolling",
    "fct_restatements",
)
USER_LEVEL = (
    "dim_users",
    "fct_session_paths",
    "fct_sessions",
    "fct_user_days",
    "fct_user_engagement",
    "fct_user_feature_days",
    "fct_user_hours",
)
SILENT = """
with
last_days as (
    select workspace_id, user_key, max(activity_date) as last_date
    from intermediate.int_user_days
    group by workspace_id, user_key
),
profiles as (
    select user_key, max(updated_at) as updated_at, max(created_at) as signed_up_at
    from raw.users
    where user_key not in (select user_key from last_days)
    group by user_key
)
select user_key from last_days where last_date < date '{0}'
union all
select user_key from profiles where updated_at < date '{0}' and coalesce(signed_up_at < date '{0}', true)
"""


@pytest.mark.parametrize(("engine", "number"), [pytest.param("duckdb", 40, marks=thorough), ("postgres", 15)])
def test_rows_of_silent_users_go_and_aggregates_stay(
    engine: str, number: int, make_pipeline: Callable[..., Pipeline], tmp_path: Path
) -> None:
    histories = drawn(landings(LAST_DAY, most_visits=9, most_events=7).filter(lambda rows: rows.events), number, 11)
    whole = together(histories)
    whole = replace(whole, workspaces=[row | {"timezone": "UTC"} for row in whole.workspaces])
    first, late = split(whole, CLOCK - timedelta(days=20))
    # Events that come later are of users who are there at both purges.
    stay = {user_of(row) for row in first.events if moment_of(row) > CLOCK - timedelta(days=50)}
    first = replace(first, events=first.events + [row for row in late if user_of(row) not in stay])
    late = [row for row in late if user_of(row) in stay]
    assert late
    purged, kept = make_pipeline(engine), make_pipeline(engine)
    write_landing(first, tmp_path, rng=Random(1))
    for pipeline in (purged, kept):
        pipeline.run(tmp_path, clock=CLOCK)
    purged.settings = purged.settings.model_copy(update={"retain_raw_days": 30, "retain_users_days": 60})

    silent = {key for (key,) in kept.fetch(SILENT.format(LAST_DAY - timedelta(days=60)))}
    assert len(silent) > 4
    purged.run(tmp_path, clock=CLOCK, purge=True, data_tests=True)
    assert "everything" not in purged.builds[-1]
    assert_expired(purged, kept, silent)

    silent |= {key for (key,) in kept.fetch(SILENT.format(LAST_DAY - timedelta(days=54)))}
    write_landing(Landing(events=late), tmp_path / "late", rng=Random(2))
    kept.run(tmp_path / "late", clock=LATER)
    purged.run(tmp_path / "late", clock=LATER, purge=True, data_tests=True)
    assert_expired(purged, kept, silent)

    purged.run(tmp_path / "late", clock=LATER, full_refresh=True, data_tests=True)
    assert "everything" in purged.builds[-1]
    assert_expired(purged, kept, silent)


def user_of(row: dict) -> tuple:
    return row.get("workspace_id"), row.get("user_id")


def assert_expired(purged: Pipeline, kept: Pipeline, silent: set[str]) -> None:
    """Aggregates are those of a warehouse that keeps everybody; users are the same without the silent ones."""
    marts = [mart for mart in kept.marts() if mart.name in AGGREGATES + USER_LEVEL]
    published, expected = purged.tables(), kept.tables()
    for name in USER_LEVEL:
        expected[name] = [row for row in expected[name] if row["user_key"] not in silent]
    # It is measured on the days of nine months, of users who are there.
    for row in published["dim_users"] + expected["dim_users"]:
        row.pop("churn_probability")
    found = compare_tables(marts, published, expected)
    assert not found, summary(found)
    with open_warehouse(purged.settings).transaction() as tx:
        tables = [table for table in tables_of_users(tx) if table != "raw.consents"]
        assert "ops.archived_sessions" in tables and "raw.users" in tables
        for table in tables:
            assert not silent & {key for (key,) in tx.fetch(f"select distinct user_key from {table}")}, table
