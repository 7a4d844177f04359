"""Acceptance, deduplication, workspaces and the day they are reported as of."""

from datetime import UTC, datetime

import pytest

from tests.unit.oracle.landing_rows import NOON, day, event, in_zone, only, picked, tables


def event_count(events: list[dict]) -> int:
    return sum(row["events"] for row in tables(events)["fct_user_days"])


@pytest.mark.parametrize(
    "broken",
    [
        {"user_id": None},
        {"user_id": ""},
        {"event_type": None},
        {"event_type": "Page_View"},
        {"created_at": None},
        {"created_at": "yesterday"},
        {"created_at": True},
        {"created_at": "1989-12-31T23:59:59.999Z"},
        {"created_at": "2024-06-14T12:00:00.001Z"},
        {"metadata": "[1]"},
        {"metadata": "{"},
        {"metadata": [1]},
    ],
)
def test_row_is_rejected(broken: dict) -> None:
    assert event_count([event("2024-06-12T10:00") | broken]) == 0


@pytest.mark.parametrize(
    "fine",
    [
        {"created_at": "1990-01-01"},
        {"created_at": "2024-06-14T12:00:00Z"},
        {"metadata": '{"revenue": 1}'},
        {"metadata": ""},
        {"user_id": 7},
    ],
)
def test_row_is_accepted(fine: dict) -> None:
    assert event_count([event("2024-06-12T10:00") | fine]) == 1


@pytest.mark.parametrize(
    "spelling", ["2024-06-12T10:00:00.1239", "2024-06-12T12:00:00.123+02:00", 1718186400123, "1718186400123"]
)
def test_times_are_utc_milliseconds(spelling: object) -> None:
    assert picked(tables([event(spelling)])["fct_sessions"], "started_at") == [
        (datetime(2024, 6, 12, 10, 0, 0, 123000),)
    ]


def test_earliest_of_one_event_id_survives() -> None:
    late = event("2024-06-12T10:00", page_path="/late") | {"event_id": "same"}
    early = event("2024-06-12T09:00", page_path="/early") | {"event_id": "same"}
    for events in ([late, early], [early, late]):
        assert picked(tables(events)["fct_sessions"], "entry_page", "events") == [("/early", 1)]


def test_equal_times_are_decided_by_content_hash() -> None:
    pair = [event("2024-06-12T10:00", page_path=path) | {"event_id": "same"} for path in ("/a", "/b")]
    by_page = {"content_hash_of": lambda row: {"/a": "2", "/b": "1"}[row["page_path"]]}
    assert picked(tables(pair, **by_page)["fct_sessions"], "entry_page") == [("/b",)]


def test_one_event_id_in_two_workspaces_is_two_events() -> None:
    pair = [event("2024-06-12T10:00", workspace=name) | {"event_id": "same"} for name in ("v", "w")]
    assert event_count(pair) == 2


def test_event_without_id_takes_the_alias_or_the_hash_of_its_content() -> None:
    row = event("2024-06-12T10:00") | {"event_id": None}
    assert event_count([row, dict(row)]) == 1
    assert event_count([row | {"id": "1"}, row | {"id": "2"}]) == 2


def test_absent_workspace_is_default() -> None:
    row = event("2024-06-12T10:00")
    del row["workspace_id"]
    assert picked(tables([row])["dim_workspaces"], "workspace_id", "workspace_name") == [("default", "default")]


def test_workspace_is_aged_by_the_newest_event_of_any_workspace() -> None:
    events = [event("2024-06-01T10:00", workspace="silent"), event("2024-06-10T10:00", workspace="busy")]
    rows = tables(events)["dim_workspaces"]
    assert picked(rows, "workspace_id", "as_of_date", "first_activity_date") == [
        ("busy", day("2024-06-10"), day("2024-06-10")),
        ("silent", day("2024-06-10"), day("2024-06-01")),
    ]


def test_as_of_date_is_local_to_each_workspace() -> None:
    zones = in_zone("Pacific/Kiritimati", "east") + in_zone("Pacific/Pago_Pago", "west")
    rows = tables([event("2024-06-10T10:30", workspace="east")], workspaces=zones)["dim_workspaces"]
    assert picked(rows, "workspace_id", "as_of_date") == [("east", day("2024-06-11")), ("west", day("2024-06-09"))]


def test_as_of_date_is_at_most_local_yesterday() -> None:
    now = datetime(2024, 6, 13, 3, tzinfo=UTC)
    events = [event("2024-06-13T02:00")]
    assert only(tables(events, now)["dim_workspaces"])["as_of_date"] == day("2024-06-12")
    zoned = tables(events, now, workspaces=in_zone("America/New_York"))["dim_workspaces"]
    assert only(zoned)["as_of_date"] == day("2024-06-11")


def test_as_of_setting_may_lie_after_the_data_but_not_after_yesterday() -> None:
    events = [event("2024-06-01T10:00")]
    assert only(tables(events, as_of=day("2024-06-05"))["dim_workspaces"])["as_of_date"] == day("2024-06-05")
    assert only(tables(events, as_of=day("2024-07-05"))["dim_workspaces"])["as_of_date"] == day("2024-06-12")


def test_bot_events_do_not_set_the_as_of_date() -> None:
    events = [event("2024-06-01T10:00"), event("2024-06-05T10:00", user_agent="SomeBot/1.0")]
    assert only(tables(events)["dim_workspaces"])["as_of_date"] == day("2024-06-01")


def test_workspace_of_bots_only_has_days_and_sessions_and_reports_of_zeros() -> None:
    result = tables([event("2024-06-10T10:00", user_agent="SomeBot/1.0")])
    assert picked(result["fct_sessions"], "user_key", "is_bot") == [("ann", True)]
    assert picked(result["fct_activity_daily"], "activity_date", "dau", "events", "sessions", "bot_events") == [
        (day("2024-06-10"), 0, 0, 0, 1),
        (day("2024-06-11"), 0, 0, 0, 0),
        (day("2024-06-12"), 0, 0, 0, 0),
    ]
    assert picked(result["dim_workspaces"], "workspace_id", "first_activity_date", "users") == [("w", None, 0)]
    assert picked(result["rpt_activity"], "dau", "engagement_score", "bounce_rate") == [(0, None, None)] * 4
    others = {name for name in result if name.startswith(("dim_", "fct_"))}
    assert all(result[name] == [] for name in others - {"fct_sessions", "fct_activity_daily", "dim_workspaces"})


def test_empty_user_agent_is_no_bot() -> None:
    assert picked(tables([event("2024-06-10T10:00", user_agent="")])["fct_sessions"], "is_bot") == [(False,)]


def test_given_device_wins_over_the_user_agent() -> None:
    recognizes = {"device_of": lambda user_agent: {"device_type": "mobile", "browser": "Firefox", "os": None}}
    row = event("2024-06-10T10:00", user_agent="x", device_type="tablet")
    assert picked(tables([row], **recognizes)["fct_sessions"], "device_type", "browser", "os") == [
        ("tablet", "Firefox", None)
    ]


def test_latest_workspace_row_wins_and_an_unknown_zone_is_rejected() -> None:
    rows = [
        {"workspace_id": "w", "name": "new", "updated_at": "2024-02-01"},
        {"workspace_id": "w", "name": "old", "updated_at": "2024-01-01"},
        {"workspace_id": "w", "name": "lost", "timezone": "Mars/Olympus", "updated_at": "2024-03-01"},
    ]
    assert picked(tables([], workspaces=rows)["dim_workspaces"], "workspace_name", "timezone") == [("new", "UTC")]


def test_workspace_without_events_has_dim_rows_only() -> None:
    result = tables(
        [],
        workspaces=in_zone("Europe/Berlin"),
        users=[{"user_id": "bob", "workspace_id": "w", "created_at": "2024-06-01T23:30:00Z"}],
        features=[{"feature_name": "export"}],
    )
    assert {name for name, rows in result.items() if rows} == {"dim_workspaces", "dim_users", "dim_features"}
    assert picked(result["dim_workspaces"], "as_of_date", "first_activity_date", "users") == [
        (day("2024-06-12"), None, 1)
    ]
    assert picked(result["dim_users"], "signup_date", "lifecycle_status", "events_30") == [
        (day("2024-06-02"), "never_active", 0)
    ]


def test_no_history_at_all_publishes_empty_tables() -> None:
    assert all(rows == [] for rows in tables([], NOON).values())
