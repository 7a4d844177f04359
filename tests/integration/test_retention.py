"""Events that go over the horizon are deleted, and what was published of their days stays as it was."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

import pytest

from tests.oracle import Landing
from tests.pipeline import Pipeline
from tests.property.arrivals import moment_of
from tests.property.batches import drawn, together
from tests.property.comparison import compare_tables, summary
from tests.property.histories import landings
from tests.property.landing_files import write_landing

LAST_DAY = date(2024, 3, 31)
CLOCK = datetime.combine(LAST_DAY, time(20), UTC)
LATER = CLOCK + timedelta(days=6)
# They read single events of up to 365 days.
OF_EVENTS = ("rpt_funnels", "rpt_conversion_paths")
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


@pytest.mark.parametrize(("engine", "days"), [("duckdb", 30), ("postgres", 60)])
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
