"""A backfill of days, of a workspace or of everything leaves what a full refresh makes, whatever was wrong before."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from orchestration.project import ensure_manifest, user_tables
from orchestration.rebuild import Scope
from tests.pipeline import Pipeline
from tests.property.batches import drawn, together
from tests.property.histories import landings, write_landing
from warehouse.open import open_warehouse

END = date(2024, 3, 31)
CLOCK = datetime.combine(END, time(20), UTC)
FIRST_DAY, LAST_DAY = END - timedelta(days=9), END - timedelta(days=1)
NOBODY = "f" * 32
# A count of each table that can be read off a published one.
COUNTS = {
    "int_events": "event_number",
    "int_sessions": "events",
    "int_session_steps": "step",
    "int_session_paths": "steps",
    "int_user_days": "events",
    "int_user_hours": "events",
    "int_feature_days": "usage_count",
}


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("landing")
    histories = drawn(landings(END, most_visits=9, most_events=7).filter(lambda rows: rows.events), 12, 5)
    write_landing(together(histories), folder, files=2, rng=random.Random(5))
    return folder


def plant(pipeline: Pipeline, workspaces: tuple[str, ...] = ()) -> None:
    """Spoil every table that builds do not make anew: rows missing, rows of somebody who never was, wrong counts.

    Within the range of days, wherever on earth, or anywhere in the workspaces.
    """
    tables = user_tables(ensure_manifest(pipeline.settings))
    assert sorted(table.name.removeprefix("intermediate.") for table in tables) == sorted(COUNTS)
    places = ", ".join(f"'{workspace}'" for workspace in workspaces)
    with open_warehouse(pipeline.settings).transaction() as tx:
        for table in tables:
            column = table.moment or "activity_date"
            first, last = (FIRST_DAY, LAST_DAY) if table.moment is None else _everywhere(FIRST_DAY, LAST_DAY)
            scope = f"workspace_id in ({places})" if workspaces else f"{column} between '{first}' and '{last}'"
            users = tx.fetch(f"select count(distinct user_key) from {table.name} where {scope}")[0][0]
            assert users >= (1 if workspaces else 6), f"{table.name} has too few rows to spoil"
            count = COUNTS[table.name.removeprefix("intermediate.")]
            tx.execute(f"update {table.name} set {count} = {count} + 7 where {scope} and user_key >= 'a'")
            tx.execute(f"delete from {table.name} where {scope} and user_key < '5'")
            tx.execute(f"update {table.name} set user_key = '{NOBODY}' where {scope} and user_key < 'a'")


def _everywhere(first: date, last: date) -> tuple[datetime, datetime]:
    """Moments that lie within the local days in every zone."""
    return datetime.combine(first, time(12)), datetime.combine(last, time(9))


def tables_that_differ(pipeline: Pipeline, expected: dict[str, list[dict]]) -> list[str]:
    return [name for name, rows in pipeline.tables().items() if rows != expected[name]]


def full_refresh(pipeline: Pipeline, landing: Path) -> dict[str, list[dict]]:
    pipeline.run(landing, clock=CLOCK)
    assert "everything" in pipeline.builds[-1]
    return pipeline.tables()


def test_backfill_of_days_and_of_a_workspace(make_pipeline: Callable[..., Pipeline], landing: Path) -> None:
    pipeline = make_pipeline()
    expected = full_refresh(pipeline, landing)

    plant(pipeline)
    pipeline.run(landing, clock=CLOCK, rebuild=Scope(FIRST_DAY, LAST_DAY))
    assert pipeline.builds[-1].keys() == {"range"}
    assert tables_that_differ(pipeline, expected) == []

    busiest = pipeline.fetch("select workspace_id from raw.events group by 1 order by count(*) desc, 1")[0][0]
    plant(pipeline, (busiest,))
    pipeline.run(landing, clock=CLOCK, rebuild=Scope(workspace_id=busiest))
    assert pipeline.builds[-1].keys() == {"range"}
    assert tables_that_differ(pipeline, expected) == []


def test_backfill_and_reload_on_postgres(make_pipeline: Callable[..., Pipeline], landing: Path) -> None:
    """The reloaded files did not change: their rows go and come again."""
    pipeline = make_pipeline("postgres")
    expected = full_refresh(pipeline, landing)
    before = {entity: pipeline.fetch(f"select count(*) from raw.{entity}") for entity in ("events", "users")}

    plant(pipeline)
    again = ["events/part-0.ndjson", "users", "workspaces/part-1.ndjson", "features/*"]
    clock = CLOCK + timedelta(minutes=1)
    report = pipeline.run(landing, clock=clock, rebuild=Scope(FIRST_DAY, LAST_DAY), reload=again)
    assert len(report.files) == 6
    assert pipeline.builds[-1].keys() == {"load", "position", "range", "removal"}
    assert tables_that_differ(pipeline, expected) == []
    assert before == {entity: pipeline.fetch(f"select count(*) from raw.{entity}") for entity in before}
