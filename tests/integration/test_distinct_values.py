"""How many distinct event names and pages a workspace may have, and what counting them reads."""

import json
from pathlib import Path

import pytest

from orchestration.distinct_values import Limit, check_distinct_values, limits_of
from tests.integration.conftest import ENGINES
from tests.pipeline import Pipeline
from tests.thorough import IS_THOROUGH

NAMES = 1_000_000 if IS_THOROUGH else 30_000


def _write(file: Path, names: list[str], workspace_id: str = "default") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "w") as rows:
        for name in names:
            row = {"workspace_id": workspace_id, "user_id": "u", "event_type": "feature_use", "event_name": name}
            rows.write(json.dumps(row | {"created_at": "2026-01-01T09:00:00Z"}) + "\n")


def _bounds(pipeline: Pipeline) -> list[tuple]:
    return pipeline.fetch("select workspace_id, at_most from ops.distinct_values where field = 'event_name' order by 1")


def test_event_names_with_ids_in_them_are_held_by_the_limit_that_is_set_by_itself(make_pipeline, tmp_path):
    pipeline = make_pipeline("duckdb")
    _write(tmp_path / "events/many.ndjson", [f"export {number}" for number in range(NAMES)])
    _write(tmp_path / "events/few.ndjson", ["open", "save"], "acme")
    with pipeline.loaded(tmp_path, clock=None) as (refresh, report):
        assert report.total("loaded") == NAMES + 2
        verdict = check_distinct_values(refresh.warehouse, limits_of(pipeline.settings))
    assert not verdict.passed
    (violation,) = verdict.violations
    assert violation["column"] == "event_name"
    (row,) = violation["rows"]
    assert (row["workspace_id"], row["distinct_values"], row["limit"]) == ("default", NAMES, 10_000)
    assert row["patterns"] == [f"export # ({NAMES:,} values)"]
    assert "FOOTFALL_MAX_EVENT_NAMES" in row["to_mend"]


@pytest.mark.parametrize("engine", ENGINES)
def test_bound_follows_the_loads_and_is_exact_again_where_it_passes_the_limit(make_pipeline, tmp_path, engine):
    pipeline = make_pipeline(engine)
    limit = (Limit("event_name", 5, "A_SETTING"),)

    def load(name: str, names: list[str]) -> bool:
        _write(tmp_path / f"events/{name}.ndjson", names)
        with pipeline.loaded(tmp_path, clock=None) as (refresh, _):
            verdict = check_distinct_values(refresh.warehouse, limit)
            with refresh.warehouse.transaction() as tx:
                tx.execute("delete from raw.pending")  # as a publication does
        return verdict.passed

    assert load("first", ["a", "b"])
    assert _bounds(pipeline) == [("default", 2)]
    assert load("second", ["b", "c"])
    assert _bounds(pipeline) == [("default", 4)]
    assert load("third", ["c", "d"])
    assert _bounds(pipeline) == [("default", 4)]
    assert not load("fourth", ["e", "f"])
    assert _bounds(pipeline) == [("default", 6)]
