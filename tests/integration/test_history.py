"""The history of runs, on both engines: what is kept of a run that ends well, fails, or never ends."""

from datetime import UTC, datetime, timedelta

import psycopg2
import pytest

from orchestration.history import Check, RunRecorder, last_runs, steps_of
from orchestration.recording import recorded
from orchestration.refresh import open_refresh

CLOCK = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture(params=["duckdb", "postgres"])
def pipeline(request, make_pipeline):
    return make_pipeline(request.param)


def recorder_of(refresh, run_id: str) -> RunRecorder:
    return RunRecorder(refresh.warehouse, run_id, ("hush hush",))


def runs(pipeline) -> dict[str, dict]:
    with open_refresh(pipeline.settings, "reader") as refresh, refresh.warehouse.transaction() as tx:
        return {run["run_id"]: run | {"steps": steps_of(tx, run["run_id"])} for run in last_runs(tx, 10)}


def test_outcome_follows_from_steps_and_checks(pipeline):
    with open_refresh(pipeline.settings, "any") as refresh:
        for run_id, checks, publication_id in (
            ("published", [Check("first", True)], 3),
            ("warned", [Check("gate", False, "less", blocks=False, is_gate=True)], 4),
            ("unchanged", [], None),
            ("blocked", [Check("gate", False, "less", is_gate=True), Check("first", True)], None),
            ("broken", [Check("gate", False, "less", is_gate=True), Check("second", False, "2 rows")], None),
        ):
            recorder = recorder_of(refresh, run_id)
            recorder.begin("run", CLOCK)
            recorder.check(*checks)
            recorder.publication_id = publication_id
            recorder.end(*recorder.verdict())
    ended = {run_id: (run["outcome"], run["message"]) for run_id, run in runs(pipeline).items()}
    assert ended == {
        "published": ("published", None),
        "warned": ("published", None),
        "unchanged": ("nothing new", None),
        "blocked": ("blocked", "gate: less"),
        "broken": ("failed", "gate: less; second: 2 rows"),
    }


def test_error_is_kept_without_secrets_keys_and_values_of_rows(pipeline):
    key = "0123456789abcdef0123456789abcdef"
    with open_refresh(pipeline.settings, "any") as refresh:
        recorder = recorder_of(refresh, "failed")
        recorder.begin("run", CLOCK)
        with pytest.raises(psycopg2.DataError), recorder.step("dbt_models") as step:
            step.rows = 5
            raise psycopg2.DataError(f"invalid input 'ada@example.com' of {key} at hush hush\nDETAIL: ada")
        recorder.end(*recorder.verdict())
    (run,) = runs(pipeline).values()
    assert run["outcome"] == "failed"
    assert run["message"] == "dbt_models: DataError: invalid input … of … at …"
    assert [(one["step"], one["rows"], one["has_failed"]) for one in run["steps"]] == [("dbt_models", 5, True)]


def test_run_that_never_ended_is_marked_by_the_next_and_one_of_long_ago_forgotten(pipeline):
    with open_refresh(pipeline.settings, "any") as refresh:
        recorder_of(refresh, "killed").begin("run", CLOCK)
        for run_id, days in (("forgotten", 401), ("remembered", 399)):
            recorder = recorder_of(refresh, run_id)
            recorder.begin("run", datetime.now(UTC) - timedelta(days=days))
            recorder.check(Check("any", True))
            recorder.end(*recorder.verdict())
    kept = runs(pipeline)
    assert {run_id: run["outcome"] for run_id, run in kept.items()} == {
        "killed": "did not finish",
        "remembered": "nothing new",
    }
    assert pipeline.fetch("select run_id from ops.checks") == [("remembered",)]


def test_error_outside_of_any_step_is_kept(pipeline):
    with open_refresh(pipeline.settings, "interrupted") as refresh, pytest.raises(KeyboardInterrupt), recorded(refresh):
        raise KeyboardInterrupt("Ctrl-C")
    (run,) = runs(pipeline).values()
    assert (run["outcome"], run["message"]) == ("failed", "KeyboardInterrupt: Ctrl-C")
