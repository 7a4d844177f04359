"""Naughty strings as every name and id there is, through load, build, data tests and publication, on both engines."""

import json
from pathlib import Path

import pytest

from tests.faults.test_hostile_input import hostile_texts
from tests.integration.conftest import ENGINES
from tests.pipeline import Pipeline
from tests.property.comparison import compare_rows, summary
from tests.thorough import IS_THOROUGH

# All 850 make a warehouse of as many workspaces; `make test` takes a few of each kind.
EVERY = 1 if IS_THOROUGH else 25


def _write(root: Path) -> int:
    """Each text as an event name, a page and each id of an event, and as the name of all that is described.

    Returns the number of events.
    """
    texts = hostile_texts()[::EVERY]
    events, described = [], {"features": [], "goals": [], "users": [], "workspaces": []}
    for number, text in enumerate(texts):
        user = {"user_id": f"u{number % 7}", "created_at": f"2026-01-{1 + number % 9:02}T09:{number % 60:02}:00Z"}
        view = {**user, "event_type": "page_view", "page_path": f"/{number % 4}"}
        events += [
            {**user, "event_type": "feature_use", "event_name": text},
            {**view, "page_path": text},
            {**view, "event_id": text},
            {**view, "session_id": text},
            {**view, "user_id": text},
            {**view, "workspace_id": text},
        ]
        # Of one workspace: 850 features in each of 850 workspaces would be 17 million rows of rpt_features.
        described["features"].append({"workspace_id": "default", "feature_name": text, "category": text})
        described["goals"].append({"workspace_id": "default", "goal_name": text, "event_name": text})
        described["users"].append({"user_id": text, "plan": text})
        described["workspaces"].append({"workspace_id": text, "name": text, "timezone": "Europe/Berlin"})
    for entity, rows in {"events": events, **described}.items():
        (root / entity).mkdir()
        (root / entity / "rows.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return len(events)


@pytest.fixture(scope="module")
def ran(make_pipeline, tmp_path_factory) -> dict[str, Pipeline]:
    """The same files in a warehouse of each engine."""
    root = tmp_path_factory.mktemp("hostile")
    given = _write(root)
    pipelines = {engine: make_pipeline(engine) for engine in ENGINES}
    for pipeline in pipelines.values():
        report = pipeline.run(root, data_tests=True)
        (events,) = [file for file in report.files if file.entity == "events"]
        assert events.rows_read == given
        assert events.loaded + events.duplicates + events.rejected == given
        assert events.loaded > given * 0.8
    return pipelines


@pytest.mark.parametrize("engine", ENGINES)
def test_every_event_with_a_hostile_text_is_in_one_published_session(ran, engine):
    loaded = ran[engine].fetch("select count(*) from raw.events")[0][0]
    superseded = ran[engine].fetch("select count(*) from intermediate.int_superseded_events")[0][0]
    assert sum(row["events"] for row in ran[engine].rows("fct_sessions")) == loaded - superseded > 0


def test_both_engines_publish_the_same_rows_of_hostile_texts(ran):
    duckdb, postgres = (ran[engine] for engine in ENGINES)
    found = [
        difference
        for mart in [*duckdb.marts(), *duckdb.safe_marts()]
        for difference in compare_rows(mart, *(one.rows(mart.published, mart.key) for one in (duckdb, postgres)))
    ]
    assert not found, f"DuckDB (published) against Postgres (expected): {summary(found)}"
    assert len(duckdb.rows("dim_workspaces")) > 10
