"""dim_users, the engagement score, cohorts and the headline report."""

from decimal import Decimal

import pytest

from tests.unit.oracle.landing_rows import day, event, only, page, picked, tables, use


def test_whole_row_of_a_user() -> None:
    events = [
        event("2024-05-01T10:00", kind="custom", metadata={"revenue": 4}, country_code="NP"),
        use("2024-06-09T10:00", "export"),
        use("2024-06-09T10:05", None),
        event("2024-06-10T10:00", kind="custom", metadata={"revenue": 2.5}, device_type="mobile"),
    ]
    user = {"user_id": "ann", "workspace_id": "w", "created_at": "2024-04-30T10:00"}
    assert tables(events, users=[user], as_of=day("2024-06-12"))["dim_users"] == [
        {
            "workspace_id": "w",
            "user_key": "ann",
            "signup_date": day("2024-04-30"),
            "first_active_date": day("2024-05-01"),
            "last_active_date": day("2024-06-10"),
            "days_since_first_active": 42,
            "days_since_last_active": 2,
            "lifetime_days": 41,
            "active_days_30": 2,
            "sessions_30": 2,
            "events_30": 3,
            "features_used_30": 2,
            "revenue_total": Decimal("6.5000"),
            "device_type": "mobile",
            "browser": None,
            "os": None,
            "country_code": "NP",
            "lifecycle_status": "active",
            "lifecycle_order": 3,
            # 40·2/20 + 20·(3/2)/20 + 20·2/5 + 20·150/600
            "engagement_score": Decimal("18.50"),
            "risk_state": "Engaged",
            "risk_order": 1,
            "churn_probability": None,
        }
    ]


@pytest.mark.parametrize(
    ("first", "last", "status"),
    [
        ("2024-06-06", "2024-06-06", "new"),
        ("2024-06-05", "2024-06-05", "active"),
        ("2024-01-01", "2024-05-14", "active"),
        ("2024-01-01", "2024-05-13", "lapsed"),
    ],
)
def test_lifecycle_status(first: str, last: str, status: str) -> None:
    events = [event(f"{first}T10:00"), event(f"{last}T10:00")]
    assert only(tables(events, as_of=day("2024-06-12"))["dim_users"])["lifecycle_status"] == status


def test_user_known_only_by_a_users_row_is_never_active() -> None:
    users = [
        {"user_id": "bob", "workspace_id": "w"},
        {"user_id": "eve", "workspace_id": "w", "created_at": "2024-06-13"},
    ]
    rows = tables([event("2024-06-12T10:00")], users=users)
    assert picked(rows["dim_users"], "user_key", "signup_date", "lifecycle_status", "engagement_score") == [
        ("ann", None, "new", Decimal("2.00") + Decimal("1.00")),
        ("bob", None, "never_active", Decimal("0.00")),
        ("eve", None, "never_active", Decimal("0.00")),
    ]
    assert picked(rows["dim_workspaces"], "users") == [(2,)]


def test_user_seen_only_as_a_bot_is_not_known_without_a_users_row() -> None:
    bot = event("2024-06-11T10:00", "bot", user_agent="SomeBot/1.0")
    rows = tables([event("2024-06-12T10:00"), bot])
    assert picked(rows["dim_users"], "user_key") == [("ann",)]
    rows = tables([event("2024-06-12T10:00"), bot], users=[{"user_id": "bot", "workspace_id": "w"}])
    assert picked(rows["dim_users"], "user_key", "lifecycle_status") == [("ann", "new"), ("bot", "never_active")]


def test_latest_users_row_wins() -> None:
    versions = [
        {"user_id": "ann", "workspace_id": "w", "created_at": "2024-01-02", "updated_at": "2024-02-02"},
        {"user_id": "ann", "workspace_id": "w", "created_at": "2024-01-01", "updated_at": "2024-02-01"},
    ]
    assert only(tables([], users=versions)["dim_users"])["signup_date"] == day("2024-01-02")


def test_device_is_the_most_frequent_of_recent_sessions_and_ties_go_to_the_smallest() -> None:
    events = [event(f"2024-01-0{n}T10:00", device_type="desktop", os="Linux") for n in (1, 2, 3)]
    events += [event("2024-06-10T10:00", device_type="tablet"), event("2024-06-11T10:00", device_type="mobile")]
    assert picked(tables(events)["dim_users"], "device_type", "os") == [("mobile", "Linux")]


def test_score_without_a_session_start_has_no_session_terms() -> None:
    events = [page("2024-05-13T23:50", "/a"), page("2024-05-14T00:10", "/a")]
    row = only(tables(events, as_of=day("2024-06-12"))["dim_users"])
    assert (row["events_30"], row["sessions_30"], row["engagement_score"]) == (1, 0, Decimal("2.00"))


def test_score_is_capped_at_one_hundred() -> None:
    days = list(range(14, 32)) + list(range(1, 13))
    dates = [f"2024-{'05' if position < 18 else '06'}-{n:02d}" for position, n in enumerate(days)]
    events = [use(f"{date}T10:{minute:02d}", f"f{minute % 5}") for date in dates for minute in range(25)]
    assert only(tables(events)["dim_users"])["engagement_score"] == Decimal("100.00")


def test_day_cohort_matures_when_its_day_has_ended() -> None:
    events = [event("2024-06-10T10:00"), event("2024-06-10T10:00", "bob"), event("2024-06-12T10:00", "bob")]
    rows = tables(events)["fct_cohort_retention"]
    columns = ("period_number", "cohort_users", "retained_users", "retained_on_or_after_users", "retention_rate")
    first_four = picked(rows, *columns, "is_mature", grain="day", cohort_start=day("2024-06-10"))[:4]
    assert first_four == [
        (0, 2, 2, 2, Decimal("100.00"), True),
        (1, 2, 0, 1, Decimal("0.00"), True),
        (2, 2, 1, 1, Decimal("50.00"), True),
        (3, 2, None, None, None, False),
    ]
    assert {grain: len(picked(rows, "grain", grain=grain)) for grain in ("day", "week", "month")} == {
        "day": 91,
        "week": 53,
        "month": 25,
    }


def test_week_and_month_cohorts_are_immature_while_the_period_runs() -> None:
    rows = tables([event("2024-05-27T10:00"), event("2024-06-12T10:00")])["fct_cohort_retention"]
    weeks = picked(rows, "period_number", "retained_users", "retained_on_or_after_users", grain="week")
    assert weeks[:4] == [(0, 1, 1), (1, 0, 1), (2, None, None), (3, None, None)]
    months = picked(rows, "period_number", "retained_users", "is_mature", grain="month")
    assert months[:2] == [(0, 1, True), (1, None, False)]


def test_curve_pools_the_cohorts_that_are_mature() -> None:
    events = [event("2024-06-10T10:00"), event("2024-06-11T10:00"), event("2024-06-11T10:00", "bob")]
    rows = tables(events, as_of=day("2024-06-12"))
    assert picked(rows["rpt_retention_curve"], "day", "eligible_users", "retained_users", timeframe="7d") == [
        (0, 2, 2),
        (1, 2, 1),
        (2, 1, 0),
    ]
    assert picked(rows["rpt_cohorts"], "cohort_start", "cohort_users", "day1", "day7", timeframe="7d") == [
        (day("2024-06-10"), 1, Decimal("100.00"), None),
        (day("2024-06-11"), 1, Decimal("0.00"), None),
    ]


def test_whole_row_of_the_headline_report() -> None:
    events = [
        page("2024-06-05T10:00", "/a"),
        page("2024-06-05T10:00", "/a", "bob"),
        page("2024-06-11T10:00", "/a"),
        page("2024-06-11T10:00:30", "/b"),
        page("2024-06-12T10:00", "/a"),
        event("2024-06-12T11:00", kind="login"),
    ]
    assert only(tables(events)["rpt_activity"], timeframe="7d") == {
        "workspace_id": "w",
        "segment_id": "all",
        "timeframe": "7d",
        "as_of_date": day("2024-06-12"),
        "dau": 1,
        "dau_change": Decimal("-50.00"),
        "wau": 1,
        "wau_change": Decimal("-50.00"),
        "mau": 2,
        "mau_change": Decimal("0.00"),
        "new_users": 0,
        "returning_users": 1,
        "reactivated_users": 0,
        "churned_users": 1,
        "avg_sessions_per_user": Decimal("3.00"),
        "avg_session_seconds": Decimal("10.00"),
        "bounce_rate": Decimal("50.00"),
        "bounce_rate_numerator": 1,
        "bounce_rate_denominator": 2,
        # ann 40·3/20 + 20·(5/4)/20 + 20·7.5/600 = 7.5, bob 2 + 1 = 3; a week before both had 3
        "engagement_score": Decimal("5.25"),
        "engagement_change": Decimal("75.00"),
    }


def test_report_of_a_silent_timeframe_has_zeros_and_nulls() -> None:
    row = only(tables([page("2024-05-01T10:00", "/a")], as_of=day("2024-06-12"))["rpt_activity"], timeframe="7d")
    assert (row["dau"], row["mau"], row["churned_users"]) == (0, 0, 0)
    nulls = ("dau_change", "wau_change", "mau_change", "avg_sessions_per_user", "avg_session_seconds", "bounce_rate")
    assert all(row[name] is None for name in nulls + ("engagement_score", "engagement_change"))


def test_engagement_of_known_users_now_and_a_timeframe_earlier() -> None:
    # One active day 2, one event a session 1: 3; two of both, 4 and 1: 5.
    events = [
        event("2024-05-10T10:00"),
        event("2024-06-10T10:00"),
        event("2024-06-11T10:00"),
        event("2024-06-13T10:00", "late"),
    ]
    rows = tables(events, users=[{"user_id": "silent", "workspace_id": "w"}])["fct_user_engagement"]
    columns = ("user_key", "engagement_score", "earlier_engagement_score", "engagement_change")
    assert picked(rows, *columns, timeframe="30d") == [
        ("ann", Decimal("5.00"), Decimal("3.00"), Decimal("66.67")),
        ("silent", None, None, None),
    ]
