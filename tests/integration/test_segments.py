"""One landing with good and bad definitions: segments of everybody and of nobody, and what becomes of bad rows."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.entities import BUILT_IN_SEGMENTS
from tests.pipeline import Pipeline

CLOCK = datetime(2026, 6, 30, 12, tzinfo=UTC)
SQL = "x'; drop table raw.segments; --"
PAGES = ("/", "/pricing", "/docs", "/welcome")
GOOD_SEGMENTS = {
    "Everybody": {"any": [{"field": "lifecycle_status", "op": "not_null"}]},
    "Nobody": {"all": [{"field": "days_since_last_active", "op": "<", "value": 0}]},
    "Pro": {"all": [{"field": "plan", "op": "=", "value": "pro"}]},
    SQL: {"all": [{"field": SQL, "op": "=", "value": SQL}]},
}
# Columns of a report that say what a row is about, not how much there was.
NOT_COUNTED = {
    "rpt_activity": {"as_of_date"},
    "rpt_adoption_funnel": {"stage"},
    "rpt_churn_risk": {"risk_order", "churn_probability", "sample_size", "characteristics"},
    "rpt_features": {"category", "trend", "trend_order", "usage_rank", "is_unused"},
    "rpt_funnels": {"step_name"},
    "rpt_session_breakdown": {"value_order"},
}
# Reports that have rows whoever is in the segment.
DENSE = {
    "rpt_activity",
    "rpt_activity_by_date",
    "rpt_activity_by_hour",
    "rpt_activity_by_weekday",
    "rpt_adoption_funnel",
    "rpt_churn",
    "rpt_churn_risk",
    "rpt_features",
    "rpt_funnels",
    "rpt_session_breakdown",
    "rpt_sessions",
    "rpt_stickiness",
}


def condition(**changes) -> dict:
    return {"field": "plan", "op": "=", "value": "pro"} | changes


def bad_segment(*conditions: dict) -> str:
    return json.dumps({"segment_name": "Bad", "criteria": {"all": list(conditions)}})


# Line -> row, reason, field.
BAD_ROWS = {
    "segments": [
        (bad_segment(condition(field="plna")), "unknown_field", "criteria.all[0].field"),
        (bad_segment(condition(), condition(op="like")), "unknown_operator", "criteria.all[1].op"),
        (bad_segment(condition(field="signup_date")), "wrong_type", "criteria.all[0].value"),
        (bad_segment(condition(op="in", value=[])), "empty_list", "criteria.all[0].value"),
        (bad_segment(*[condition()] * 10_000), "too_many_conditions", "criteria.all"),
        ('{"segment_name": "Bad", "criteria": {"all": [', "invalid_json", None),
        (json.dumps({"segment_name": "Bad", "criteria": '{"all": ['}), "invalid_criteria", "criteria"),
        (json.dumps({"segment_name": "Lapsed", "criteria": {"all": [condition()]}}), "built_in_name", "segment_name"),
        (bad_segment(condition(field=SQL + "2", op="=", value=SQL)), "unknown_field", "criteria.all[0].field"),
        (bad_segment(condition(op=SQL)), "unknown_operator", "criteria.all[0].op"),
    ],
    "goals": [
        ('{"goal_name": "bad", "page_path": "/welcome", "pagepath": "/"}', "unknown_field", "pagepath"),
        ('{"goal_name": "bad", "page_path": ["/welcome"]}', "wrong_type", "page_path"),
        ('{"goal_name": "bad", "page_path": "/welcome"', "invalid_json", None),
        ('{"goal_name": "bad"}', "missing_field", "event_type, event_name or page_path"),
    ],
    "funnels": [
        ('{"funnel_name": "bad", "steps": [{"page": "/"}, {"page_path": "/"}]}', "invalid_steps", "steps[0].page"),
        ('{"funnel_name": "bad", "steps": [{"page_path": "/"}]}', "invalid_steps", "steps"),
        ('{"funnel_name": "bad", "steps": "[{"}', "invalid_steps", "steps"),
        ('{"funnel_name": "bad", "steps": [], "window": 1}', "unknown_field", "window"),
        ('{"funnel_name": "bad", "steps": [[]', "invalid_json", None),
    ],
    "features": [
        ('{"feature_name": "bad", "categroy": "x"}', "unknown_field", "categroy"),
        ('{"feature_name": {"name": "bad"}}', "wrong_type", "feature_name"),
        ('{"feature_name": "bad", }', "invalid_json", None),
        ('{"category": "x"}', "missing_field", "feature_name"),
    ],
}
GOOD_ROWS = {
    "segments": [{"segment_name": name, "criteria": criteria} for name, criteria in GOOD_SEGMENTS.items()],
    "goals": [{"goal_name": "signs up", "page_path": "/welcome"}, {"goal_name": SQL, "event_name": SQL}],
    "features": [{"feature_name": "good"}, {"feature_name": SQL, "category": SQL}],
    "funnels": [
        {"funnel_name": "signs up", "steps": [{"page_path": "/"}, {"page_path": "/welcome"}]},
        {"funnel_name": SQL, "steps": [{"page_path": "/", "name": SQL}, {"event_name": SQL}]},
    ],
    "users": [
        {"user_id": "u0", "plan": "pro", SQL: SQL, "created_at": "2026-04-01"},
        {"user_id": "u1", "plan": "free"},
        {"user_id": "never seen", "plan": "pro"},
    ],
}


def events() -> list[dict]:
    """Nine users, each on some days of the last 80, with pages, a feature and a purchase."""
    rows = []
    for user in range(9):
        for day in range(1, 81, 3 + 2 * user):
            start = CLOCK - timedelta(days=day, minutes=7 * user)
            kinds = [{"event_type": "page_view", "page_path": page} for page in PAGES[: 1 + (user + day) % 4]]
            kinds += [
                {"event_type": "feature_use", "event_name": "export"},
                {"event_type": "custom", "event_name": SQL},
            ]
            for step, kind in enumerate(kinds):
                at = (start + timedelta(minutes=step)).isoformat()
                rows.append({"event_id": f"{user}-{day}-{step}", "user_id": f"u{user}", "created_at": at} | kind)
    return rows


@pytest.fixture(scope="module")
def published(make_pipeline: Callable[..., Pipeline], tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    folder = tmp_path_factory.mktemp("segments-landing")
    for entity, rows in (GOOD_ROWS | {"events": events()}).items():
        _write(folder / entity / "good.ndjson", [json.dumps(row) for row in rows])
    for entity, rows in BAD_ROWS.items():
        _write(folder / entity / "bad.ndjson", [row for row, _, _ in rows])
    pipeline = make_pipeline()
    pipeline.run(folder, clock=CLOCK)
    return pipeline


def _write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines))


@pytest.mark.parametrize("entity", sorted(BAD_ROWS))
def test_bad_definition_is_rejected_with_file_line_and_reason(published, entity):
    rejected = published.fetch(
        f"select path, line, reason, field from raw.rejected where entity = '{entity}' order by 2"
    )
    assert rejected == [
        (f"{entity}/bad.ndjson", line, reason, field)
        for line, (_, reason, field) in enumerate(BAD_ROWS[entity], start=1)
    ]
    assert "Bad" not in str(published.fetch("select payload from raw.rejected where payload is not null"))


def test_the_rest_is_published(published):
    assert {row["segment_name"] for row in published.rows("dim_segments")} == {*BUILT_IN_SEGMENTS, *GOOD_SEGMENTS}
    assert {row["feature_name"] for row in published.rows("dim_features")} == {"good", SQL, "export"}
    assert {row["goal_name"] for row in published.rows("rpt_conversion_paths")} == {"signs up", SQL}
    assert {row["funnel_name"] for row in published.rows("rpt_funnels") if row["users"]} == {"signs up", SQL}
    members = {name: len(users) for name, users in _members(published).items()}
    assert (members["Pro"], members[SQL], members["Everybody"], members.get("Nobody", 0)) == (2, 1, 10, 0)


def test_segment_of_everybody_has_the_rows_of_all(published):
    everybody = _segment_id(published, "Everybody")
    for table, _ in _reports(published):
        rows = published.rows(table)
        of_all = _of_segment(rows, "all")
        assert of_all, table
        assert _of_segment(rows, everybody) == of_all, table


def test_segment_of_nobody_has_zeros_and_nulls(published):
    nobody = _segment_id(published, "Nobody")
    for table, key in _reports(published):
        not_counted = {*key, *NOT_COUNTED.get(table, ())}
        for row in published.rows(table):
            if row["segment_id"] == nobody:
                counted = {name: value for name, value in row.items() if name not in not_counted}
                assert all(value is None or value == 0 for value in counted.values()), (table, row)
    dense = {
        table for table, _ in _reports(published) if any(row["segment_id"] == nobody for row in published.rows(table))
    }
    assert dense == DENSE
    (described,) = (row for row in published.rows("dim_segments") if row["segment_id"] == nobody)
    assert (described["users"], described["avg_engagement"], described["avg_revenue"]) == (0, None, None)


def _reports(published: Pipeline) -> list[tuple[str, tuple[str, ...]]]:
    """Name and key of every report."""
    return [(mart.name, mart.key) for mart in published.marts() if mart.name.startswith("rpt_")]


def _of_segment(rows: list[dict], segment_id: str) -> list[str]:
    """The segment's rows without its id, in an order of their own."""
    return sorted(str({**row, "segment_id": None}) for row in rows if row["segment_id"] == segment_id)


def _segment_id(published: Pipeline, name: str) -> str:
    (found,) = (row["segment_id"] for row in published.rows("dim_segments") if row["segment_name"] == name)
    return found


def _members(published: Pipeline) -> dict[str, set[str]]:
    """User keys by segment name."""
    names = {row["segment_id"]: row["segment_name"] for row in published.rows("dim_segments")}
    found: dict[str, set[str]] = {}
    for row in published.rows("bridge_user_segments"):
        found.setdefault(names[row["segment_id"]], set()).add(row["user_key"])
    return found
