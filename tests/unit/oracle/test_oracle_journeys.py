"""Features, paths, pages, conversions and session lengths."""

from decimal import Decimal

import pytest

from tests.unit.oracle.landing_rows import day, event, only, page, picked, tables, use


def walk(pages: str, user: str = "ann", date: str = "2024-06-10") -> list[dict]:
    """A session that views the one-letter pages, a minute each; - is an event without a page."""
    return [
        event(f"{date}T10:{n:02d}", user, "api_call") if name == "-" else page(f"{date}T10:{n:02d}", name, user)
        for n, name in enumerate(pages)
    ]


def test_whole_row_of_a_daily_feature_use() -> None:
    events = [
        use("2024-06-10T10:00", "export", duration="1.5", category="files"),
        use("2024-06-10T10:01", "export", duration=0, category="tools"),
        use("2024-06-10T10:02", "export", "bob", duration=-1, category=None),
        use("2024-06-10T10:03", "export", "bob", duration="long"),
    ]
    assert tables(events)["fct_feature_usage_daily"] == [
        {
            "workspace_id": "w",
            "activity_date": day("2024-06-10"),
            "feature_name": "export",
            "category": "tools",
            "usage_count": 4,
            "unique_users": 2,
            "seconds_spent": Decimal("1.5000"),
            "timed_uses": 2,
        }
    ]


def test_feature_category_comes_from_use_then_catalogue_then_nothing() -> None:
    events = [use("2024-06-10T10:00", "said", category="by use"), use("2024-06-10T10:00", None)]
    catalogue = [
        {"feature_name": "said", "category": "by catalogue"},
        {"feature_name": "unused", "category": "every"},
        {"feature_name": "unused", "category": "own", "workspace_id": "w"},
    ]
    rows = tables(events, features=catalogue)["dim_features"]
    assert picked(rows, "feature_name", "category", "is_in_catalogue", "last_used_date") == [
        ("said", "by use", True, day("2024-06-10")),
        ("unknown", "Uncategorized", False, day("2024-06-10")),
        ("unused", "own", True, None),
    ]


def test_feature_report_compares_with_the_timeframe_before() -> None:
    events = [use(f"2024-06-05T1{n}:00", "export", user) for n, user in enumerate(("ann", "bob", "cy"))]
    events += [use("2024-06-10T10:00", "export", duration=3), use("2024-06-12T10:00", "export", "dan", duration=4)]
    rows = tables(events, features=[{"feature_name": "unused"}])["rpt_features"]
    row = only(rows, timeframe="7d", feature_name="export")
    assert (row["usage_count"], row["unique_users"], row["avg_time_spent"]) == (2, 2, Decimal("3.50"))
    assert (row["adoption_rate"], row["active_adoption_rate"]) == (Decimal("50.00"), Decimal("100.00"))
    assert (row["retention_rate_numerator"], row["retention_rate_denominator"]) == (1, 3)
    assert (row["trend"], row["usage_rank"], row["is_unused"]) == ("decreasing", 1, False)
    unused = only(rows, timeframe="7d", feature_name="unused")
    assert (unused["usage_rank"], unused["is_unused"], unused["trend"]) == (2, True, "stable")
    assert (unused["retention_rate"], unused["avg_time_spent"], unused["last_used_date"]) == (None, None, None)


@pytest.mark.parametrize(
    ("now", "before", "word"), [(11, 10, "stable"), (12, 10, "increasing"), (9, 10, "stable"), (8, 10, "decreasing")]
)
def test_trend_of_exactly_ten_per_cent_is_stable(now: int, before: int, word: str) -> None:
    events = [use("2024-06-12T10:00", "x") for _ in range(now)] + [use("2024-06-05T10:00", "x") for _ in range(before)]
    assert only(tables(events)["rpt_features"], timeframe="7d")["trend"] == word


def test_adoption_funnel() -> None:
    events = [event("2024-06-10T10:00", "active")]
    events += [use(f"2024-06-{n}T10:00", name, "mixed") for n, name in (("10", "x"), ("11", "y"))]
    events += [use(f"2024-06-{n}T10:00", "x", "repeats") for n in ("10", "11")]
    events += [use(f"2024-06-{n}T10:00", "x", "habitual") for n in ("10", "11", "12")]
    rows = tables(events, users=[{"user_id": "silent", "workspace_id": "w"}])["rpt_adoption_funnel"]
    assert picked(rows, "stage_order", "stage", "users", "dropoff_rate", timeframe="7d") == [
        (1, "Known", 5, None),
        (2, "Active in timeframe", 4, Decimal("20.00")),
        (3, "Used any feature", 3, Decimal("25.00")),
        (4, "Repeated a feature", 2, Decimal("33.33")),
        (5, "Habitual", 1, Decimal("50.00")),
    ]
    assert picked(rows, "users", timeframe="30d", stage="Habitual") == [(0,)]


def test_habit_is_three_distinct_iso_weeks() -> None:
    events = [use(f"2024-{month_day}T10:00", "x") for month_day in ("05-26", "05-27", "06-03")]
    rows = tables(events, as_of=day("2024-06-10"))["rpt_adoption_funnel"]
    assert picked(rows, "users", timeframe="30d", stage="Habitual") == [(1,)]


def test_paths_and_their_steps() -> None:
    events = walk("aab-c") + walk("ab", "bob") + walk("abc", "bob", "2024-06-11") + walk("a", "cy") + walk("-", "dan")
    rows = tables(events)
    # prefixes: a 4, a > b 3, a > b > c 2
    assert picked(rows["rpt_paths"], "path_rank", "path", "frequency", "users", "avg_completion", timeframe="7d") == [
        (1, "a > b > c", 2, 2, Decimal("75.00")),
        (2, "a > b", 1, 1, Decimal("87.50")),
    ]
    assert picked(rows["rpt_path_steps"], "step", "page", "reached", "dropoff_rate", timeframe="7d", path_rank=1) == [
        (1, "a", 4, Decimal("25.00")),
        (2, "b", 3, Decimal("33.33")),
        (3, "c", 2, None),
    ]
    assert sorted(
        picked(rows["rpt_page_flows"], "step", "from_page", "to_page", "sessions", "users", timeframe="7d")
    ) == [
        (1, "a", "(exit)", 1, 1),
        (1, "a", "b", 3, 2),
        (2, "b", "(exit)", 1, 1),
        (2, "b", "c", 2, 2),
        (3, "c", "(exit)", 2, 2),
    ]


def test_path_is_cut_at_five_steps_and_then_has_no_exit() -> None:
    rows = tables(walk("abcdef"))
    assert picked(rows["rpt_paths"], "path", timeframe="7d") == [("a > b > c > d > e",)]
    assert picked(rows["rpt_page_flows"], "step", "to_page", timeframe="7d") == [(1, "b"), (2, "c"), (3, "d"), (4, "e")]


def test_separator_inside_a_page_is_encoded_in_the_path_only() -> None:
    rows = tables([page("2024-06-10T10:00", "/x > y"), page("2024-06-10T10:01", "/z")])
    assert picked(rows["rpt_paths"], "path", timeframe="7d") == [("/x%20%3E%20y > /z",)]
    assert picked(rows["rpt_path_steps"], "page", timeframe="7d") == [("/x > y",), ("/z",)]


def test_entry_and_exit_pages() -> None:
    rows = tables(walk("-ab-") + walk("a", "bob"))
    assert picked(rows["rpt_entry_pages"], "page", "sessions", "users", "bounce_rate", timeframe="7d") == [
        ("a", 2, 2, Decimal("50.00"))
    ]
    assert picked(rows["rpt_exit_pages"], "page", "sessions", "avg_seconds_before_exit", timeframe="7d") == [
        ("b", 1, Decimal("120.00")),
        ("a", 1, Decimal("0.00")),
    ]


def conversions(events: list[dict], **goal: str) -> list[tuple]:
    rows = tables(events, goals=[{"goal_name": "g"} | goal])["rpt_conversion_paths"]
    columns = ("path", "conversions", "conversion_rate_numerator", "conversion_rate_denominator")
    return picked(rows, *columns, timeframe="7d")


def test_conversion_path_ends_at_the_first_match() -> None:
    events = walk("abcab") + walk("xab", "bob") + walk("ba", "cy")
    assert conversions(events, page_path="c") == [("a > b > c", 1, 1, 1)]
    assert conversions(events, page_path="b") == [("a > b", 1, 1, 2), ("b", 1, 1, 3), ("x > a > b", 1, 1, 1)]


def test_conversion_path_keeps_the_last_five_steps() -> None:
    assert conversions(walk("abcdefg"), page_path="g") == [("c > d > e > f > g", 1, 1, 1)]


def test_goal_before_any_page_has_an_empty_path_and_no_rate() -> None:
    assert conversions(walk("-a"), event_type="api_call") == [("", 1, None, None)]


@pytest.mark.parametrize(
    ("pattern", "is_reached"),
    [
        ("*", True),
        ("/a*", True),
        ("*/done", True),
        ("/a/*/done", True),
        ("/a", False),
        ("/A*", False),
        ("/a?b*", False),
    ],
)
def test_star_in_a_goal_matches_any_run_and_nothing_else_is_special(pattern: str, is_reached: bool) -> None:
    assert bool(conversions([page("2024-06-10T10:00", "/a/b/done")], page_path=pattern)) is is_reached


def test_all_fields_of_a_goal_must_match_and_the_workspaces_own_goal_wins() -> None:
    events = [use("2024-06-10T10:00", "export"), use("2024-06-10T10:00", "search", "bob")]
    every = {"goal_name": "g", "event_type": "feature_use"}
    own = {"goal_name": "g", "event_type": "feature_*", "event_name": "exp*", "workspace_id": "w"}
    for goals, count in (([every], 2), ([every, own], 1), ([every, own | {"workspace_id": "v"}], 2)):
        rows = tables(events, goals=goals)["rpt_conversion_paths"]
        assert picked(rows, "conversions", "users", timeframe="7d") == [(count, count)]


def test_session_lengths_and_breakdown() -> None:
    events = [event("2024-06-10T10:00", browser="Firefox"), event("2024-06-10T10:00:45")]
    events += [event("2024-06-11T10:00"), event("2024-06-12T10:00", "bob"), event("2024-06-12T10:00:30", "bob")]
    rows = tables(events)
    assert picked(rows["rpt_sessions"], "sessions", "avg_seconds", "median_seconds", timeframe="7d") == [
        (3, Decimal("25.00"), Decimal("30.00"))
    ]
    breakdown = rows["rpt_session_breakdown"]
    assert picked(breakdown, "value", "users", "sessions", "share", timeframe="7d", dimension="length_bucket") == [
        ("0-30s", 1, 1, Decimal("33.33")),
        ("30s-2m", 2, 2, Decimal("66.67")),
        ("2m-5m", 0, 0, Decimal("0.00")),
        ("5m-15m", 0, 0, Decimal("0.00")),
        ("15m-30m", 0, 0, Decimal("0.00")),
        ("30m+", 0, 0, Decimal("0.00")),
    ]
    assert picked(breakdown, "value", "users", "sessions", timeframe="7d", dimension="browser") == [
        ("Firefox", 1, 1),
        ("unknown", 2, 2),
    ]


def test_median_of_an_even_count_is_the_mean_of_the_middle_two() -> None:
    events = [event("2024-06-10T10:00"), event("2024-06-10T10:00:00.005"), event("2024-06-11T10:00")]
    assert picked(tables(events)["rpt_sessions"], "median_seconds", timeframe="7d") == [(Decimal("0.00"),)]
    events[1]["created_at"] = "2024-06-10T10:00:00.010"
    assert picked(tables(events)["rpt_sessions"], "median_seconds", timeframe="7d") == [(Decimal("0.01"),)]


def test_sessions_steps_path_and_goals() -> None:
    rows = tables(
        walk("aabac-def"), goals=[{"goal_name": "g", "page_path": "c"}, {"goal_name": "e", "event_type": "-"}]
    )
    assert picked(rows["fct_session_steps"], "step", "page") == list(enumerate("abacdef", start=1))
    assert [row["viewed_at"].minute for row in rows["fct_session_steps"]] == [0, 2, 3, 4, 6, 7, 8]
    pages = [f"page_{n}" for n in range(1, 6)]
    assert picked(rows["fct_session_paths"], "steps", *pages, "exit_page", "seconds_before_exit") == [
        (5, *"abacd", "f", Decimal("480.000"))
    ]
    assert picked(rows["fct_session_goals"], "goal_name", *pages) == [("g", *"abac", None)]


def test_feature_days_of_users() -> None:
    events = [
        use("2024-06-10T10:00", "export", duration=2),
        use("2024-06-10T11:00", "export"),
        use("2024-06-11T10:00", None),
    ]
    columns = ("user_key", "activity_date", "feature_name", "usage_count", "seconds_spent", "timed_uses")
    assert sorted(picked(tables(events)["fct_user_feature_days"], *columns)) == [
        ("ann", day("2024-06-10"), "export", 2, Decimal("2.0000"), 1),
        ("ann", day("2024-06-11"), "unknown", 1, Decimal("0.0000"), 0),
    ]
