from datetime import datetime

import duckdb
import pytest

from ingest.validate import timestamp_sql
from tests.unit.ingest.event_rows import event

VALID = {
    "2026-01-02": "2026-01-02T00:00:00.000",
    "2026-01-02T03:04": "2026-01-02T03:04:00.000",
    "2026-01-02T03:04:05": "2026-01-02T03:04:05.000",
    "2026-01-02 03:04:05": "2026-01-02T03:04:05.000",
    "2026-01-02T03:04:05Z": "2026-01-02T03:04:05.000",
    "2026-01-02T03:04:05.1Z": "2026-01-02T03:04:05.100",
    "2026-01-02T03:04:05.9999999999Z": "2026-01-02T03:04:05.999",
    "2026-01-02T03:04:05.123456+05:30": "2026-01-01T21:34:05.123",
    "2026-01-02T03:04:05-0800": "2026-01-02T11:04:05.000",
    "2026-01-02T23:04:05-08": "2026-01-03T07:04:05.000",
    "2026-01-02T03:04+00:00": "2026-01-02T03:04:00.000",
    "2024-02-29T23:59:59.999-00:00": "2024-02-29T23:59:59.999",
    "1700000000123": "2023-11-14T22:13:20.123",
    "1969-12-31T23:59:59.999Z": "1969-12-31T23:59:59.999",
    "-1": "1969-12-31T23:59:59.999",
}
INVALID = (
    [
        "2026-02-30",
        "2026-02-29",
        "2026-13-01",
        "2026-00-10",
        "2026-01-00",
        "2026-1-2",
        "26-01-02",
        "2026-01-02T25:00:00Z",
    ]
    + [
        "2026-01-02T24:00:00Z",
        "2026-01-02T03:60:00Z",
        "2026-01-02T03:04:60Z",
        "2026-01-02T03",
        "2026-01-02T",
        "infinity",
    ]
    + ["-infinity", "epoch", "now", "today", "2026-01-02 BC", "2026-01-02T03:04:05 Z", "2026-01-02T03:04:05+24:00"]
    + [
        "2026-01-02T03:04:05+1",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05 Europe/Paris",
        " 2026-01-02",
        "2026-01-02 ",
    ]
    + [
        "2026-01-02T03:04:05+05:60",
        "20260102T030405Z",
        "1.7e12",
        "1700000000000.5",
        "nan",
        "null",
        "true",
        "２０２６-01-02",
    ]
    + ["12345678901234567890", "2026-W01-1", "2026-001", "2026-01-02t03:04:05z", "2026-01-02\n", "'"]
)


@pytest.fixture(scope="module")
def engine():
    return duckdb.connect()


@pytest.mark.parametrize("text", VALID)
def test_timestamp_is_utc_truncated_to_milliseconds(engine, text):
    sql = f"select {timestamp_sql('t')} from (select $1 as t)"
    assert engine.execute(sql, [text]).fetchone() == (datetime.fromisoformat(VALID[text]),)


@pytest.mark.parametrize("text", INVALID)
def test_what_is_no_timestamp_is_null(engine, text):
    assert engine.execute(f"select {timestamp_sql('t')} from (select $1 as t)", [text]).fetchone() == (None,)


@pytest.mark.parametrize(
    ("created_at", "reason"),
    [
        ("1990-01-01", None),
        ("1989-12-31T23:59:59.999Z", "timestamp_out_of_range"),
        ("2026-11-23T09:00:00Z", None),  # 24 hours after the load clock
        ("2026-11-23T09:00:00.001Z", "timestamp_out_of_range"),
        ("0001-01-01", "timestamp_out_of_range"),
        ("9999-12-31T23:59:59Z", "timestamp_out_of_range"),
        ("2026-02-30", "invalid_timestamp"),
        (0, "timestamp_out_of_range"),
        (1700000000000, None),
        (True, "invalid_timestamp"),
        ({"at": 1}, "wrong_type"),
        ("", "missing_field"),
        (None, "missing_field"),
    ],
)
def test_event_time_is_checked(read, created_at, reason):
    accepted, rejected = read("events", [event(created_at=created_at)])
    assert [row["reason"] for row in rejected] == ([reason] if reason else [])
    assert all(row["field"] == "created_at" for row in rejected)
    assert len(accepted) == (reason is None)
