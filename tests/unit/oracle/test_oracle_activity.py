"""Daily, hourly and weekday activity, growth accounting."""

from datetime import UTC, datetime
from decimal import Decimal

from tests.unit.oracle.landing_rows import NOON, day, event, in_zone, picked, tables, use

GROWTH = ("active_users", "new_users", "returning_users", "reactivated_users", "churned_users")


def test_whole_row_of_a_user_day() -> None:
    events = [
        event("2024-06-10T10:00"),
        use("2024-06-10T10:01", "export", revenue=5),
        event("2024-06-10T10:02", kind="custom", metadata={"revenue": 9.99}),
        event("2024-06-10T10:03", kind="custom", metadata={"revenue": "-1.00005"}),
        event("2024-06-10T10:04", kind="custom", metadata={"revenue": "dear"}),
        event("2024-06-10T10:05", kind="custom", metadata={"revenue": True}),
        event("2024-06-10T10:06", kind="custom", metadata={"revenue": 100_000_000_000_000}),
    ]
    assert tables(events)["fct_user_days"] == [
        {
            "workspace_id": "w",
            "user_key": "ann",
            "activity_date": day("2024-06-10"),
            "events": 7,
            "sessions": 1,
            "page_views": 1,
            "feature_uses": 1,
            "revenue": Decimal("8.9899"),
        }
    ]


def test_trailing_users_count_the_day_itself() -> None:
    rows = tables([event("2024-05-01T10:00"), event("2024-05-08T10:00", "bob")], as_of=day("2024-06-10"))
    counts = {row[0]: row[1:] for row in picked(rows["fct_activity_daily"], "activity_date", "dau", "wau", "mau")}
    assert counts[day("2024-05-01")] == (1, 1, 1)
    assert counts[day("2024-05-07")] == (0, 1, 1)
    assert counts[day("2024-05-08")] == (1, 1, 2)
    assert counts[day("2024-05-30")] == (0, 0, 2)
    assert counts[day("2024-05-31")] == (0, 0, 1)
    assert counts[day("2024-06-07")] == (0, 0, 0)
    assert max(counts) == day("2024-06-10")


def test_days_after_the_as_of_date_are_incomplete() -> None:
    rows = tables([event("2024-06-11T10:00"), event("2024-06-13T10:00", "bob")])
    assert picked(rows["fct_activity_daily"], "activity_date", "dau", "is_complete") == [
        (day("2024-06-11"), 1, True),
        (day("2024-06-12"), 0, True),
        (day("2024-06-13"), 1, False),
    ]
    assert picked(rows["fct_user_days"], "user_key") == [("ann",), ("bob",)]
    assert picked(rows["fct_activity_hourly"], "activity_date") == [(day("2024-06-11"),)]
    assert picked(rows["fct_growth_rolling"], "activity_date", *GROWTH, window_days=1) == [
        (day("2024-06-11"), 1, 1, 0, 0, 0),
        (day("2024-06-12"), 0, 0, 0, 0, 1),
    ]


def test_as_of_setting_hides_later_days_everywhere() -> None:
    rows = tables([event("2024-06-09T10:00"), event("2024-06-11T10:00", "bob")], as_of=day("2024-06-10"))
    assert picked(rows["fct_activity_daily"], "activity_date") == [(day("2024-06-09"),), (day("2024-06-10"),)]
    for name in ("dim_users", "fct_sessions", "fct_user_days"):
        assert picked(rows[name], "user_key") == [("ann",)]


def test_repeated_autumn_hour_is_one_hour_and_the_spring_hour_is_missing() -> None:
    zone = in_zone("America/New_York")
    autumn = [event(f"2023-11-05T0{hour}:30:00Z", f"u{hour}") for hour in (4, 5, 6, 7)]
    rows = tables(autumn, workspaces=zone)["fct_activity_hourly"]
    assert picked(rows, "hour_of_day", "active_users", "sessions", "events") == [
        (0, 1, 1, 1),
        (1, 2, 2, 2),
        (2, 1, 1, 1),
    ]
    spring = [event(f"2024-03-10T0{hour}:30:00Z") for hour in (6, 7)]
    assert picked(tables(spring, workspaces=zone)["fct_activity_hourly"], "hour_of_day") == [(1,), (3,)]


def test_day_that_a_zone_skipped_has_a_row_of_zeros() -> None:
    events = [event("2011-12-29T12:00:00Z"), event("2011-12-30T12:00:00Z")]
    rows = tables(events, workspaces=in_zone("Pacific/Apia"), as_of=day("2011-12-31"))["fct_activity_daily"]
    assert picked(rows, "activity_date", "dau") == [
        (day("2011-12-29"), 1),
        (day("2011-12-30"), 0),
        (day("2011-12-31"), 1),
    ]


def test_hours_and_weekdays_are_dense_and_count_a_user_once() -> None:
    events = [event("2024-06-05T10:00"), event("2024-06-12T10:00"), event("2024-06-12T10:10", "bob")]
    rows = tables(events)
    hours = picked(rows["rpt_activity_by_hour"], "hour_of_day", "active_users", "sessions", "events", timeframe="30d")
    assert hours == [(hour, 2, 3, 3) if hour == 10 else (hour, 0, 0, 0) for hour in range(24)]
    weekdays = picked(rows["rpt_activity_by_weekday"], "iso_weekday", "active_users", "events", timeframe="30d")
    assert weekdays == [(n, 2, 3) if n == 3 else (n, 0, 0) for n in range(1, 8)]
    dates = picked(rows["rpt_activity_by_date"], "activity_date", "active_users", timeframe="7d")
    assert dates == [(day(f"2024-06-{n:02d}"), 2 if n == 12 else 0) for n in range(6, 13)]


def test_growth_of_a_seven_day_window() -> None:
    events = [
        event("2024-06-06T10:00", "new"),
        event("2024-06-05T10:00", "returning"),
        event("2024-06-12T10:00", "returning"),
        event("2024-05-29T10:00", "reactivated"),
        event("2024-06-12T10:00", "reactivated"),
        event("2024-05-30T10:00", "churned"),
        event("2024-05-29T10:00", "long gone"),
    ]
    rows = tables(events)["fct_growth_rolling"]
    assert picked(rows, *GROWTH, window_days=7, activity_date=day("2024-06-12")) == [(3, 1, 1, 1, 1)]
    assert picked(tables(events)["rpt_activity"], *GROWTH[1:], timeframe="7d") == [(1, 1, 1, 1)]


def test_growth_windows_are_one_to_365_days() -> None:
    rows = tables([event("2023-06-14T10:00")], as_of=day("2024-06-12"))["fct_growth_rolling"]
    last = picked(rows, "window_days", "active_users", activity_date=day("2024-06-12"))
    assert last == [(1, 0), (7, 0), (30, 0), (90, 0), (365, 1)]
    assert len(rows) == 5 * 365


def test_calendar_weeks_start_on_monday_across_the_year() -> None:
    events = [event("2020-12-28T10:00"), event("2021-01-03T10:00", "bob"), event("2021-01-04T10:00")]
    rows = tables(events)["fct_growth_periods"]
    assert picked(rows, "period_start", *GROWTH, "is_complete", grain="week") == [
        (day("2020-12-28"), 2, 2, 0, 0, 0, True),
        (day("2021-01-04"), 1, 0, 1, 0, 1, False),
    ]


def test_calendar_period_without_events_has_its_row() -> None:
    rows = tables([event("2024-02-29T10:00"), event("2024-04-30T10:00")])["fct_growth_periods"]
    assert picked(rows, "period_start", *GROWTH, "is_complete", grain="month") == [
        (day("2024-02-01"), 1, 1, 0, 0, 0, True),
        (day("2024-03-01"), 0, 0, 0, 0, 1, True),
        (day("2024-04-01"), 1, 0, 0, 1, 0, True),
    ]
    assert len(picked(rows, "period_start", grain="day", is_complete=True)) == 62


def test_first_event_after_the_as_of_date_makes_no_growth_and_reports_of_zeros() -> None:
    rows = tables([event("2024-06-13T10:00")], datetime(2024, 6, 13, 12, tzinfo=UTC))
    assert picked(rows["dim_workspaces"], "first_activity_date", "users") == [(None, 0)]
    assert picked(rows["dim_users"], "lifecycle_status", "first_active_date") == [("never_active", None)]
    assert picked(rows["fct_activity_daily"], "activity_date", "is_complete") == [(day("2024-06-13"), False)]
    assert rows["fct_growth_rolling"] == rows["fct_growth_periods"] == []
    assert picked(rows["rpt_activity"], "dau", "mau", "churned_users", "bounce_rate") == [(0, 0, 0, None)] * 4


def test_as_of_before_the_first_event_shows_neither_days_nor_reports() -> None:
    rows = tables([event("2024-06-10T10:00")], as_of=day("2024-06-09"))
    assert rows["fct_activity_daily"] == rows["rpt_activity"] == rows["fct_sessions"] == rows["dim_users"] == []


def test_events_up_to_a_day_ahead_of_the_clock_are_later_days() -> None:
    rows = tables([event("2024-06-12T10:00"), event("2024-06-14T11:00")], NOON)
    assert picked(rows["fct_activity_daily"], "activity_date", "is_complete") == [
        (day("2024-06-12"), True),
        (day("2024-06-13"), False),
        (day("2024-06-14"), False),
    ]


def test_hours_of_users_count_sessions_where_they_start() -> None:
    events = [event("2024-06-10T10:50"), event("2024-06-10T11:05"), event("2024-06-10T11:06", "bob")]
    assert picked(tables(events)["fct_user_hours"], "user_key", "hour_of_day", "events", "sessions") == [
        ("ann", 10, 1, 1),
        ("ann", 11, 1, 0),
        ("bob", 11, 1, 1),
    ]
