"""Attributes and conditions as rows, and segments that wait for a field that nobody has yet."""

import csv
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.criteria import condition_rows, date_of, number_of, read_criteria
from ingest.entities import BUILT_IN_SEGMENTS, SEGMENT_CONDITIONS
from ingest.strict_json import parse_object
from ingest.validate import date_sql, decimal_sql
from orchestration.project import PROJECT_DIR

USER = {"user_id": "u", "updated_at": "2026-01-01"}
SQL = "'; drop table raw.segments; --"


def condition(field: str, op: str, value: object = None) -> dict:
    return {"field": field, "op": op, "value": value}


def segment(name: str, *conditions: dict, **fields) -> dict:
    return {"segment_name": name, "updated_at": "2026-01-01", "criteria": {"all": list(conditions)}, **fields}


def test_attributes_become_rows_with_the_number_and_date_they_hold(landing):
    given = {"plan": "pro", "seats": 9, "price": "12.50", "since": "2026-01-31", "is_owner": True, "tags": ["a", 1]}
    landing.write("users/u.ndjson", [USER | given | {"gone": None, "empty": ""}, USER | {"user_id": "plain"}])
    landing.load()
    rows = landing.fetch("select line, field, value_text, value_number, value_date from raw.user_attributes order by 2")
    assert rows == [
        (1, "is_owner", "true", None, None),
        (1, "plan", "pro", None, None),
        (1, "price", "12.50", Decimal("12.5"), None),
        (1, "seats", "9", Decimal(9), None),
        (1, "since", "2026-01-31", None, date(2026, 1, 31)),
        (1, "tags", '["a",1]', None, None),
    ]


def test_attributes_of_a_row_that_changes_nothing_are_not_kept(landing):
    landing.write("users/1.ndjson", [USER | {"plan": "pro"}])
    landing.write("users/2.ndjson", [USER | {"plan": "pro", "also": None}])
    landing.load()
    assert landing.fetch("select load_id, field from raw.user_attributes") == [(1, "plan")]


def test_conditions_become_rows_one_a_value(landing):
    conditions = [
        condition("active_days_30", ">=", 4),
        condition("os", "in", ["iOS", "Android"]),
        condition("signup_date", "is_null"),
        condition("last_active_date", "<", "2026-01-31"),
        condition("browser", "=", SQL),
    ]
    landing.write("segments/s.ndjson", [segment("S", *conditions)])
    landing.load()
    names = "combination, condition_number, field, op, value_position, value_text, value_number, value_date"
    rows = landing.fetch(f"select line, {names} from raw.segment_conditions order by condition_number, value_position")
    assert rows == [
        (1, "all", 1, "active_days_30", ">=", 1, "4", Decimal(4), None),
        (1, "all", 2, "os", "in", 1, "iOS", None, None),
        (1, "all", 2, "os", "in", 2, "Android", None, None),
        (1, "all", 3, "signup_date", "is_null", 1, None, None, None),
        (1, "all", 4, "last_active_date", "<", 1, "2026-01-31", None, date(2026, 1, 31)),
        (1, "all", 5, "browser", "=", 1, SQL, None, None),
    ]


def test_field_that_no_user_has_rejects_the_segment_and_the_rest_loads(landing):
    landing.write("users/u.ndjson", [USER | {"plan": "pro"}])
    bad = segment("Typo", condition("plan", "=", "pro"), condition("plna", "=", "pro"))
    landing.write("segments/s.ndjson", [bad, segment("Good", condition("plan", "=", "pro"))])
    _, file = landing.load().files
    assert (file.rows_read, file.loaded, file.rejected) == (2, 1, 1)
    rejected = landing.fetch("select path, line, reason, field, payload from raw.rejected")
    assert [row[:4] for row in rejected] == [("segments/s.ndjson", 1, "unknown_field", "criteria.all[1].field")]
    assert "plna" not in rejected[0][4]


def test_segment_that_waits_for_a_field_is_a_duplicate_once_the_field_is_known(landing):
    landing.write("segments/1.ndjson", [segment("S", condition("plan", "=", "pro"))])
    assert landing.load().total("rejected") == 1
    landing.write("users/u.ndjson", [USER | {"plan": "pro"}])
    landing.write("segments/2.ndjson", [segment("S", condition("plan", "=", "pro")) | {"workspace_id": ""}])
    report = landing.load()
    assert (report.total("rejected"), report.total("duplicates")) == (0, 1)
    assert landing.fetch("select load_id from raw.segments") == [(1,)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("goals/g.ndjson", '{"goal_name":"a","page_path":"/a"}\n{"goal_name":"b","page_path":"/b","pth":"/c"}\n'),
        ("goals/g.csv", "goal_name,page_path,pth\na,/a,\nb,/b,/c\n"),
        ("goals/g.parquet", {"goal_name": ["a", "b"], "page_path": ["/a", "/b"], "pth": [None, "/c"]}),
    ],
)
def test_misspelt_field_rejects_its_row_in_every_format(landing, name, content):
    path = landing.write(name, content if isinstance(content, str) else b"")
    if isinstance(content, dict):
        pq.write_table(pa.table(content), path)
    landing.load()
    assert landing.fetch("select goal_name from raw.goals") == [("a",)]
    assert landing.fetch("select line - (select min(line) from raw.goals), reason, field from raw.rejected") == [
        (1, "unknown_field", "pth")
    ]


@pytest.mark.parametrize(
    "text",
    ["1", "-1.00005", "2.00005", "1e3", ".5", "5.", "99999999999999.99994", "99999999999999.99995", "1e300", "1e-300"]
    + ["", " 1", "1_000", "NaN", "0x1", "١", "2026-01-31", "2026-02-30", "0000-01-01", "20260131", "2026-1-31"],
)
def test_number_and_date_of_a_text_are_the_same_in_python_and_sql(text):
    sql = f"select {decimal_sql('text')}, {date_sql('text')} from (select $1::varchar as text)"
    assert duckdb.execute(sql, [text]).fetchone() == (number_of(text), date_of(text))


def test_seed_of_built_in_segments_is_their_criteria_exploded():
    """The models read both alike, so that a built-in segment means what its criteria say."""
    segments, conditions = (_seed(name) for name in ("built_in_segments", "built_in_segment_conditions"))
    assert tuple(row["segment_name"] for row in segments) == BUILT_IN_SEGMENTS
    columns = SEGMENT_CONDITIONS.column_names[2:]
    expected = [
        {"segment_name": row["segment_name"]}
        | {name: "" if value is None else str(value) for name, value in zip(columns, condition_row, strict=True)}
        for row in segments
        for condition_row in condition_rows(read_criteria(parse_object(row["criteria"])))
    ]
    assert [row | {"value_number": _plain(row["value_number"])} for row in conditions] == [
        row | {"value_number": _plain(row["value_number"])} for row in expected
    ]
    assert all(json.loads(row["criteria"]) for row in segments)


def _seed(name: str) -> list[dict[str, str]]:
    with Path(PROJECT_DIR, "seeds", f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _plain(number: str) -> str:
    return number and str(Decimal(number).normalize().to_integral_value())
