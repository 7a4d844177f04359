"""Sessions: gaps, days, lengths, pages, bounces, anomalies, bots and client sessions."""

import hashlib
from datetime import datetime
from decimal import Decimal

import pytest

from tests.unit.oracle.landing_rows import day, event, in_zone, page, picked, tables, use


def sessions(events: list[dict], **given: object) -> list[dict]:
    return sorted(tables(events, **given)["fct_sessions"], key=lambda row: row["started_at"])


@pytest.mark.parametrize(
    ("second", "count"), [("10:29:59.999", 1), ("10:30:00.000", 1), ("10:30:00.001", 2), ("10:00:00.000", 1)]
)
def test_gap_longer_than_thirty_minutes_starts_a_session(second: str, count: int) -> None:
    assert len(sessions([event("2024-06-10T10:00"), event(f"2024-06-10T{second}")])) == count


def test_timeout_is_a_setting() -> None:
    events = [event("2024-06-10T10:00"), event("2024-06-10T10:06")]
    assert len(sessions(events, session_timeout_minutes=5)) == 2


def test_whole_row_of_a_session() -> None:
    events = [
        event("2024-06-10T10:00:00", kind="login") | {"event_id": "first"},
        page("2024-06-10T10:00:05", None),
        page("2024-06-10T10:00:10", "/a", browser="Firefox"),
        use("2024-06-10T10:01:00", "export"),
        page("2024-06-10T10:01:30.5", "/b", browser="Chrome"),
        event("2024-06-10T10:02:00.250", kind="logout"),
    ]
    assert sessions(events) == [
        {
            "session_id": hashlib.md5(b"ann|w|first").hexdigest(),
            "workspace_id": "w",
            "user_key": "ann",
            "session_date": day("2024-06-10"),
            "started_at": datetime(2024, 6, 10, 10),
            "ended_at": datetime(2024, 6, 10, 10, 2, 0, 250000),
            "duration_seconds": Decimal("120.250"),
            "length_bucket": "2m-5m",
            "length_bucket_order": 3,
            "events": 6,
            "page_views": 3,
            "feature_uses": 1,
            "entry_page": "/a",
            "exit_page": "/b",
            "device_type": None,
            "browser": "Firefox",
            "os": None,
            "country_code": None,
            "is_bounce": False,
            "is_bot": False,
            "is_anomalous": False,
        }
    ]


def test_session_over_midnight_counts_on_its_first_day() -> None:
    result = tables([event("2024-06-09T23:50"), event("2024-06-10T00:10")])
    assert picked(result["fct_user_days"], "activity_date", "events", "sessions") == [
        (day("2024-06-09"), 1, 1),
        (day("2024-06-10"), 1, 0),
    ]


def test_equal_times_are_ordered_by_event_id() -> None:
    pair = [page("2024-06-10T10:00", f"/{name}") | {"event_id": name} for name in ("b", "a", "é", "Z")]
    assert picked(sessions(pair), "entry_page", "exit_page") == [("/Z", "/é")]


@pytest.mark.parametrize(
    ("end", "bucket"),
    [
        ("10:00:29.999", "0-30s"),
        ("10:00:30", "30s-2m"),
        ("10:02:00", "2m-5m"),
        ("10:05:00", "5m-15m"),
        ("10:15:00", "15m-30m"),
        ("10:29:59.999", "15m-30m"),
        ("10:30:00", "30m+"),
    ],
)
def test_length_buckets_are_open_above(end: str, bucket: str) -> None:
    assert picked(sessions([event("2024-06-10T10:00"), event(f"2024-06-10T{end}")]), "length_bucket") == [(bucket,)]


@pytest.mark.parametrize(
    ("events", "is_bounce"),
    [
        ([page("2024-06-10T10:00", "/a")], True),
        ([page("2024-06-10T10:00", None)], True),
        ([page("2024-06-10T10:00", "/a"), event("2024-06-10T10:00:09.999", kind="error")], True),
        ([page("2024-06-10T10:00", "/a"), event("2024-06-10T10:00:10", kind="error")], False),
        ([page("2024-06-10T10:00", "/a"), page("2024-06-10T10:00", "/a")], False),
        ([page("2024-06-10T10:00", "/a"), use("2024-06-10T10:00", "x")], False),
        ([page("2024-06-10T10:00", "/a"), event("2024-06-10T10:00", kind="custom")], False),
        ([event("2024-06-10T10:00", kind="login")], None),
    ],
)
def test_bounce(events: list[dict], is_bounce: bool | None) -> None:
    assert picked(sessions(events), "is_bounce") == [(is_bounce,)]


@pytest.mark.parametrize(("end", "is_anomalous"), [("2024-06-11T10:00", False), ("2024-06-11T10:00:00.001", True)])
def test_session_over_a_day_long_is_anomalous(end: str, is_anomalous: bool) -> None:
    rows = sessions([event("2024-06-10T10:00"), event(end)], session_timeout_minutes=2000)
    assert picked(rows, "is_anomalous") == [(is_anomalous,)]


def test_session_of_over_ten_thousand_events_is_anomalous() -> None:
    events = [event("2024-06-10T10:00") for _ in range(10_001)]
    assert picked(sessions(events[1:]), "events", "is_anomalous") == [(10_000, False)]
    assert picked(sessions(events), "events", "is_anomalous") == [(10_001, True)]


def test_bot_events_are_a_sequence_of_their_own() -> None:
    events = [
        event("2024-06-10T10:00"),
        event("2024-06-10T10:20", user_agent="SomeBot/1.0"),
        event("2024-06-10T10:40"),
    ]
    result = tables(events)
    rows = sorted(picked(result["fct_sessions"], "started_at", "is_bot"))
    assert [is_bot for _, is_bot in rows] == [False, True, False]
    assert picked(result["fct_activity_daily"], "events", "sessions", "bot_events") == [(2, 2, 1)]


def test_client_sessions_are_sequences_of_their_own() -> None:
    events = [
        event("2024-06-10T10:00", session_id="x"),
        event("2024-06-10T10:10"),
        event("2024-06-10T10:20", session_id="x"),
        event("2024-06-10T10:30"),
        event("2024-06-10T11:00", session_id="x"),
    ]
    assert picked(sessions(events), "events") == [(5,)]
    assert picked(sessions(events, session_key="client"), "events") == [(2,), (2,), (1,)]


def test_session_date_is_local() -> None:
    assert picked(
        sessions([event("2024-06-10T20:00")], workspaces=in_zone("Asia/Kathmandu")), "session_date", "started_at"
    ) == [(day("2024-06-11"), datetime(2024, 6, 10, 20))]


def test_session_that_runs_over_the_as_of_setting_counts_whole() -> None:
    events = [event("2024-06-09T23:50"), event("2024-06-10T00:10"), event("2024-06-10T12:00")]
    result = tables(events, as_of=day("2024-06-09"))
    assert picked(result["fct_sessions"], "events", "duration_seconds") == [(2, Decimal("1200.000"))]
    assert picked(result["fct_user_days"], "activity_date", "events") == [(day("2024-06-09"), 1)]
    assert only_timeframe(result["rpt_activity"]) == [(Decimal("1200.00"), Decimal("1.00"))]


def only_timeframe(rows: list[dict]) -> list[tuple]:
    return picked(rows, "avg_session_seconds", "avg_sessions_per_user", timeframe="7d")
