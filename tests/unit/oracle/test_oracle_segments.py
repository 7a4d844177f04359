"""Segments, churn and risk."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.unit.oracle.landing_rows import day, event, only, page, picked, segment_tables, tables, use

END = day("2024-06-12")


def visits(user: str, *days_before_end: int) -> list[dict]:
    return [event(f"{END - timedelta(days=n)}T10:00", user) for n in days_before_end]


@pytest.mark.parametrize(
    ("days_before_end", "state"),
    [
        ((0,), "Engaged"),
        ((6,), "Engaged"),
        ((7,), "Cooling"),
        ((13,), "Cooling"),
        ((14,), "At risk"),
        ((20,), "At risk"),
        ((21,), "Slipping away"),
        ((29,), "Slipping away"),
        ((30,), None),
        ((0, 14, 27), "Engaged"),  # one day of two before is half, not below
        ((0, 14, 15, 27), "Cooling"),
        ((0, 14, 15, 28), "Engaged"),
    ],
)
def test_risk_state(days_before_end: tuple[int, ...], state: str | None) -> None:
    assert only(tables(visits("ann", *days_before_end), as_of=END)["dim_users"])["risk_state"] == state


def test_churn_probability_is_observed_at_the_snapshots() -> None:
    # Snapshots with 27 days of history before them: 37 and 30 days before the end.
    events = visits("ann", 64, 40, 31, 0) + visits("bob", 38, 32)
    rows = tables(events, as_of=END)
    assert picked(rows["rpt_churn_risk"], "risk_state", "users", "churn_probability", "sample_size") == [
        # ann and bob at -37, both at -30: bob is gone after -30, and came back after -37
        ("Engaged", 1, Decimal("25.00"), 4),
        ("Cooling", 0, None, 0),
        ("At risk", 0, None, 0),
        ("Slipping away", 0, None, 0),
    ]
    assert picked(rows["dim_users"], "risk_state", "churn_probability") == [("Engaged", Decimal("25.00")), (None, None)]


def test_young_workspace_has_no_churn_probability() -> None:
    rows = tables(visits("ann", 56, 0), as_of=END)["rpt_churn_risk"]
    assert {row["sample_size"] for row in rows} == {0}
    older = tables(visits("ann", 57, 0), as_of=END)["rpt_churn_risk"]
    assert picked(older, "sample_size", "churn_probability", risk_state="Slipping away") == [(1, Decimal("0.00"))]


def test_churn_report_counts_lapses_in_the_timeframe() -> None:
    events = visits("ann", 40, 36) + visits("bob", 50, 30) + visits("cy", 37) + visits("dan", 8, 0) + visits("eve", 13)
    row = only(tables(events, as_of=END)["rpt_churn"], timeframe="7d")
    # lapsed on the 30th day after: ann 6 days before the end (lifetime 5), bob at the end (21), cy too early
    assert row["avg_lifetime_days"] == Decimal("13.00")
    assert (row["churned_users"], row["churn_rate"], row["churn_rate_denominator"]) == (1, Decimal("50.00"), 2)


def test_built_in_segments_of_a_small_team() -> None:
    power = [
        use(f"{END - timedelta(days=n)}T10:{m:02d}", f"f{m % 5}", "power") | {"device_type": "mobile"}
        for n in range(20)
        for m in range(20)
    ]
    rows = segment_tables(power + visits("lapsed", 30) + visits("late", 29) + visits("new", 6), as_of=END)
    assert picked(rows["bridge_user_segments"], "segment_id", "user_key") == [
        ("Power users", "power"),
        ("Casual", "late"),
        ("Casual", "new"),
        ("New", "new"),
        ("Lapsed", "lapsed"),
        ("Mobile-first", "power"),
    ]
    assert picked(rows["dim_segments"], "segment_id", "users", "avg_engagement", segment_type="technographic") == [
        ("Mobile-first", 1, Decimal("100.00")),
        ("Desktop-first", 0, None),
    ]
    nobody = only(rows["rpt_activity"], segment_id="Desktop-first", timeframe="7d")
    assert (nobody["mau"], nobody["new_users"], nobody["engagement_score"]) == (0, 0, None)
    assert picked(rows["rpt_activity"], "mau", segment_id="Casual", timeframe="7d") == [(2,)]


def member_names(condition: dict | list, combination: str = "all", **given: object) -> list[str]:
    conditions = condition if isinstance(condition, list) else [condition]
    segment = {"segment_name": "s", "segment_type": "demographic", "criteria": {combination: conditions}}
    users = [
        {"user_id": "ann", "workspace_id": "w", "plan": "pro", "seats": 9, "since": "2024-01-09", "country_code": "DE"},
        {"user_id": "bob", "workspace_id": "w", "plan": "free", "seats": "10", "since": "2023-12-31"},
        {"user_id": "cy", "workspace_id": "w", "plan": ""},
    ]
    events = visits("ann", 0) + [event("2024-06-12T11:00", "bob", country_code="NP")]
    rows = segment_tables(events, users=users, segments=[segment], **given)
    return [user for (user,) in picked(rows["bridge_user_segments"], "user_key", segment_id="s")]


@pytest.mark.parametrize(
    ("field", "op", "value", "members"),
    [
        ("plan", "=", "pro", ["ann"]),
        ("plan", "!=", "pro", ["bob"]),
        ("plan", "is_null", None, ["cy"]),
        ("plan", "not_null", None, ["ann", "bob"]),
        ("plan", "in", ["pro", "free"], ["ann", "bob"]),
        ("plan", "not_in", ["pro"], ["bob"]),
        ("seats", ">", 9, ["bob"]),
        ("seats", "<=", "9.0", ["ann"]),
        ("since", "<", "2024-01-01", ["bob"]),
        ("country_code", "=", "DE", []),
        ("country_code", "=", "NP", ["bob"]),
        ("last_active_date", ">=", "2024-06-12", ["ann", "bob"]),
        ("lifecycle_status", "=", "never_active", ["cy"]),
        ("engagement_score", ">", 0, ["ann", "bob"]),
    ],
)
def test_condition(field: str, op: str, value: object, members: list[str]) -> None:
    assert member_names({"field": field, "op": op, "value": value}) == members


def test_all_and_any() -> None:
    conditions = [{"field": "plan", "op": "=", "value": "pro"}, {"field": "seats", "op": ">", "value": 9}]
    assert member_names(conditions) == []
    assert member_names(conditions, "any") == ["ann", "bob"]


@pytest.mark.parametrize(
    "broken",
    [
        {"criteria": None},
        {"criteria": "{"},
        {"criteria": {"all": []}},
        {"criteria": {"none": [{"field": "plan", "op": "is_null"}]}},
        {"criteria": {"all": [{"field": "plan", "op": "like", "value": "x"}]}},
        {"criteria": {"all": [{"field": "plan", "op": "in", "value": []}]}},
        {"criteria": {"all": [{"field": "plna", "op": "=", "value": "pro"}]}},
        {"criteria": {"all": [{"field": "signup_date", "op": "<", "value": 5}]}},
        {"criteria": {"all": [{"field": "sessions_30", "op": "in", "value": [1, "two"]}]}},
        {"segment_name": "Lapsed"},
    ],
)
def test_segment_row_is_rejected(broken: dict) -> None:
    fine = {"segment_name": "s", "criteria": {"all": [{"field": "plan", "op": "is_null"}]}}
    users = [{"user_id": "ann", "workspace_id": "w", "plan": "pro"}]
    assert len(segment_tables(visits("ann", 0), users=users, segments=[fine])["dim_segments"]) == 8
    assert len(segment_tables(visits("ann", 0), users=users, segments=[fine | broken])["dim_segments"]) == 7


@pytest.mark.parametrize(
    ("brought", "is_in_force"),
    [({}, False), ({"plan": None}, False), ({"plan": "pro", "created_at": "never"}, False), ({"plan": "pro"}, True)],
)
def test_segment_counts_from_the_first_user_with_the_attribute(brought: dict, is_in_force: bool) -> None:
    segment = {"segment_name": "s", "criteria": {"all": [{"field": "plan", "op": "is_null"}]}}
    users = [{"user_id": "elsewhere", "workspace_id": "other"} | brought]
    rows = segment_tables(visits("ann", 0), users=users, segments=[segment])["dim_segments"]
    assert picked(rows, "users", workspace_id="w", segment_name="s") == ([(1,)] if is_in_force else [])


def test_segment_reports_see_only_members() -> None:
    segment = {
        "segment_name": "s",
        "criteria": '{"all": [{"field": "user_key", "op": "in", "value": ["ann", "silent"]}]}',
    }
    events = [
        page("2024-06-12T10:00", "/a"),
        page("2024-06-12T10:00", "/b", "bob"),
        use("2024-06-12T10:00", "x", "bob"),
    ]
    rows = segment_tables(events, segments=[segment], users=[{"user_id": "silent", "workspace_id": "w"}])
    where = {"segment_id": "s", "timeframe": "7d"}
    assert picked(rows["rpt_entry_pages"], "page", "sessions", **where) == [("/a", 1)]
    assert picked(rows["rpt_adoption_funnel"], "users", **where) == [(2,), (1,), (0,), (0,), (0,)]
    assert picked(rows["rpt_features"], "feature_name", "usage_count", "is_unused", "last_used_date", **where) == [
        ("x", 0, True, None)
    ]
