# ruff: noqa: E501, UP031 -- tables of hostile text read best a case a line, and JSON is full of braces
"""What is accepted, what is refused and why."""

import json
from decimal import Decimal

import pytest

from tests.unit.ingest.event_rows import event


def _reasons(rejected):
    return [(row["line"], row["reason"], row["field"]) for row in rejected]


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"user_id": None}, "missing_field", "user_id"),
        ({"user_id": ""}, "missing_field", "user_id"),
        ({"user_id": ["a"]}, "wrong_type", "user_id"),
        ({"page_path": {"a": 1}}, "wrong_type", "page_path"),
        ({"event_type": None}, "missing_field", "event_type"),
        ({"event_type": "Page_View"}, "unknown_event_type", "event_type"),
        ({"event_type": "login "}, "unknown_event_type", "event_type"),
        ({"metadata": [1]}, "invalid_metadata", "metadata"),
        ({"metadata": "text"}, "invalid_metadata", "metadata"),
        ({"metadata": 5}, "invalid_metadata", "metadata"),
        ({"metadata": '{"a":NaN}'}, "invalid_metadata", "metadata"),
        ({"metadata": '{"a":1,}'}, "invalid_metadata", "metadata"),
        ({"metadata": {"a": "\0"}}, "invalid_text", "metadata"),
        ({"metadata": {"\0": 1}}, "invalid_text", "metadata"),
        ({"metadata": {"a": "\ud800"}}, "invalid_text", "metadata"),
        ({"page_path": "a\0b"}, "invalid_text", "page_path"),
        ({"user_id": "\udfff"}, "invalid_text", "user_id"),
    ],
)
def test_event_is_refused_with_reason_and_field(read, changes, reason, field):
    accepted, rejected = read("events", [event(), event(**changes)])
    assert [row["line"] for row in accepted] == [1]
    assert _reasons(rejected) == [(2, reason, field)]


def test_text_that_looks_like_json_is_text(read):
    accepted, _ = read("events", [event(page_path="{id}", event_name="[1]", user_id="{}")])
    assert (accepted[0]["page_path"], accepted[0]["event_name"]) == ("{id}", "[1]")


def test_text_is_exact_and_empty_text_is_null(read):
    accepted, _ = read("events", [event(page_path=" /A ", event_name="", os="OS", metadata="")])
    assert (accepted[0]["page_path"], accepted[0]["event_name"], accepted[0]["os"]) == (" /A ", None, "OS")
    assert accepted[0]["metadata"] is None


def test_numbers_are_taken_as_the_text_they_were_written_as(read, keys):
    lines = [
        '"user_id":12345678901234567890123,"event_name":1e2,"page_path":0.10000000000000000001,"os":7,"browser":true'
    ]
    accepted, _ = read("events", '{%s,"event_type":"login","created_at":"2026-01-01"}' % lines[0])
    assert accepted[0]["user_key"] == keys.user_key("default", "12345678901234567890123")
    assert [accepted[0][name] for name in ("event_name", "page_path", "os", "browser")] == [
        "1e2", "0.10000000000000000001", "7", "true",
    ]  # fmt: skip


def test_last_of_repeated_keys_wins(read):
    line = '{"user_id":"a","user_id":"b","event_type":"login","created_at":"2026-01-01","metadata":{"category":1,"category":2}}'
    accepted, _ = read("events", line)
    expected, _ = read("events", [event(event_id=None, user_id="b", event_type="login", created_at="2026-01-01")])
    assert accepted[0]["user_key"] == expected[0]["user_key"]
    assert accepted[0]["metadata_category"] == "2"


def test_id_stands_in_for_event_id(read):
    accepted, _ = read("events", [event(event_id=None, id=5), event(id="no")])
    assert [row["event_id"] for row in accepted] == ["5", "e1"]


def test_given_device_wins_over_the_user_agent(read):
    accepted, _ = read("events", [event(user_agent="Mozilla/5.0 (iPad; CPU OS 9_0)", device_type="desktop", os="mine")])
    assert (accepted[0]["device_type"], accepted[0]["os"]) == ("desktop", "mine")


@pytest.mark.parametrize(
    ("user_agent", "device_type", "is_bot"),
    [
        (None, None, False),
        ("", None, False),
        ("  ", None, False),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", None, True),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120.0.0.0 Safari/537.36", "desktop", False),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1",
            "mobile",
            False,
        ),
        ("Mozilla/5.0 (Linux; Android 13; Pixel 7) Chrome/114.0.0.0 Mobile Safari/537.36", "mobile", False),
        ("Mozilla/5.0 (Linux; Android 12; SM-X906C) Chrome/80.0.3987.119 Safari/537.36", "tablet", False),
        ("nobody knows", None, False),
        ("(" * 8192, None, False),
    ],
)
def test_user_agent_tells_device_and_bot(read, user_agent, device_type, is_bot):
    accepted, _ = read("events", [event(user_agent=user_agent)])
    assert (accepted[0]["device_type"], accepted[0]["is_bot"]) == (device_type, is_bot)
    assert (accepted[0]["user_agent_hash"] is None) == (not user_agent)


@pytest.mark.parametrize(
    ("referrer", "host"),
    [
        ("https://www.Example.com/a?b#c", "www.example.com"),
        ("http://u:p@h.org:81", "h.org"),
        ("http://a@b@h.org/", "h.org"),
        ("https://[2001:db8::1]:443/x", "[2001:db8::1]"),
        ("android-app://com.example.app/", "com.example.app"),
        ("example.com/path", "example.com"),
        ("bob@example.com", None),
        ("mailto:bob@example.com", None),
        ("/relative/bob", None),
        ("about:blank", None),
        ("-", None),
        ("http://", None),
        ("https://" + "a" * 300, None),
    ],
)
def test_only_the_host_of_a_referrer_is_kept(read, referrer, host):
    accepted, _ = read("events", [event(referrer=referrer)])
    assert accepted[0]["referrer_host"] == host


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, "1"), ("12.50", "12.5"), (0, "0"), ("1.00005", "1.0001"), (2.00005, "2.0001"), ("1e3", "1000"), (1e-7, "0"),
        ("99999999999999.9999", "99999999999999.9999"), ("99999999999999.99995", None), (1e300, None), ("1e400", None),
        (-1, None), ("-0.5", None), (True, None), ("ten", None), ("", None), (None, None), ("NaN", None), ("inf", None),
        (" 1", None), ("1_000", None), ("0x10", None), ([1], None), ({"a": 1}, None), ("١", None),
    ],
)  # fmt: skip
def test_duration_is_seconds_when_it_is_a_number_not_below_zero(read, value, expected):
    accepted, rejected = read("events", [event(metadata={"duration": value})])
    assert rejected == []
    seconds = accepted[0]["seconds_spent"]
    assert seconds == (None if expected is None else Decimal(expected))


def test_revenue_counts_for_custom_events_and_may_be_negative(read):
    rows = [event(event_type="custom", metadata={"revenue": value}) for value in (-1.00005, "2.00005", "9" * 15)]
    accepted, _ = read("events", [*rows, event(metadata={"revenue": 5})])
    assert [row["revenue"] for row in accepted] == [Decimal("-1.0001"), Decimal("2.0001"), None, None]


def test_nested_category_is_no_category(read):
    accepted, _ = read("events", [event(metadata={"category": {"a": 1}}), event(metadata={"category": "[x]"})])
    assert [row["metadata_category"] for row in accepted] == [None, "[x]"]


def test_blank_lines_are_not_rows_but_count_as_lines(read):
    accepted, rejected = read("events", "\n  \r\n" + json.dumps(event()) + "\n\n\t\n{}\n")
    assert [row["line"] for row in accepted] == [3]
    assert _reasons(rejected) == [(6, "missing_field", "user_id")]


@pytest.mark.parametrize(
    ("entity", "row", "reason", "field"),
    [
        ("workspaces", {"workspace_id": "w", "timezone": "Europe/Berlin", "name": "W"}, None, None),
        ("workspaces", {"workspace_id": "w"}, None, None),
        ("workspaces", {"name": "w"}, "missing_field", "workspace_id"),
        ("workspaces", {"workspace_id": "w", "timezone": "Europe/Atlantis"}, "unknown_timezone", "timezone"),
        ("workspaces", {"workspace_id": "w", "timezone": "europe/berlin"}, "unknown_timezone", "timezone"),
        ("features", {"feature_name": "f"}, None, None),
        ("features", {"category": "f"}, "missing_field", "feature_name"),
        ("goals", {"goal_name": "g", "page_path": "/x*"}, None, None),
        ("features", {"feature_name": "f", "descripton": "x"}, "unknown_field", "descripton"),
        ("features", {"feature_name": "f", "bob@example.com": 1}, "unknown_field", "aaa?aaaaaaa.aaa"),
        ("features", {"feature_name": "f", "note": None, "remark": ""}, None, None),
        ("features", {"feature_name": ["f"]}, "wrong_type", "feature_name"),
        ("features", {"feature_name": "f", "updated_at": "soon"}, "invalid_timestamp", "updated_at"),
        ("goals", {"goal_name": "g", "page_path": "/x", "pagepath": "/y"}, "unknown_field", "pagepath"),
        ("goals", {"goal_name": "g", "page_path": {"like": "/x"}}, "wrong_type", "page_path"),
        ("goals", {"goal_name": "g"}, "missing_field", "event_type, event_name or page_path"),
        ("consents", {"user_id": "u", "granted": True, "at": "2026-01-01"}, None, None),
        ("consents", {"user_id": "u", "granted": "False", "at": "2026-01-01"}, None, None),
        ("consents", {"user_id": "u", "granted": "yes", "at": "2026-01-01"}, "invalid_value", "granted"),
        ("consents", {"user_id": "u", "granted": True}, "missing_field", "at"),
        ("consents", {"user_id": "u", "granted": True, "at": "soon"}, "invalid_timestamp", "at"),
        ("users", {"user_id": 5}, None, None),
        ("users", {"plan": "x"}, "missing_field", "user_id"),
        ("users", {"user_id": "u", "created_at": "x"}, "invalid_timestamp", "created_at"),
        ("users", {"user_id": "u", "updated_at": "1980-01-01"}, "timestamp_out_of_range", "updated_at"),
        ("users", {"user_id": "u", "plan": "\0"}, "invalid_text", "attributes"),
    ],
)
def test_rows_of_other_entities_are_checked(read, entity, row, reason, field):
    accepted, rejected = read(entity, [row])
    assert [(bad["reason"], bad["field"]) for bad in rejected] == ([(reason, field)] if reason else [])
    assert len(accepted) == (reason is None)


CONDITION = {"field": "plan", "op": "=", "value": "pro"}


@pytest.mark.parametrize(
    "criteria",
    [
        {"all": [CONDITION]},
        {"any": [CONDITION, {"field": "os", "op": "is_null"}]},
        {"all": [{"field": "plan", "op": "in", "value": ["a", 1, True]}]},
        {"all": [{"field": "sessions_30", "op": ">=", "value": "12"}]},
        {"all": [{"field": "last_active_date", "op": "<", "value": "2026-01-31"}]},
        {"all": [CONDITION] * 100},
        json.dumps({"all": [CONDITION]}),
    ],
)
def test_criteria_are_accepted(read, criteria):
    accepted, rejected = read("segments", [{"segment_name": "S", "criteria": criteria}])
    assert (len(accepted), rejected) == (1, [])


@pytest.mark.parametrize(
    ("criteria", "reason", "place"),
    [
        ({"all": []}, "empty_list", "criteria.all"),
        ({}, "invalid_criteria", "criteria"),
        ({"all": [CONDITION], "any": [CONDITION]}, "invalid_criteria", "criteria"),
        ({"none": [CONDITION]}, "invalid_criteria", "criteria"),
        ({"all": CONDITION}, "invalid_criteria", "criteria.all"),
        ({"all": [CONDITION, "plan"]}, "invalid_criteria", "criteria.all[1]"),
        ({"all": [{**CONDITION, "note": 1}]}, "invalid_criteria", "criteria.all[0].note"),
        ({"any": [CONDITION, {**CONDITION, "op": "like"}]}, "unknown_operator", "criteria.any[1].op"),
        ({"all": [{**CONDITION, "op": ["="]}]}, "unknown_operator", "criteria.all[0].op"),
        ({"all": [{**CONDITION, "field": 5}]}, "unknown_field", "criteria.all[0].field"),
        ({"all": [{**CONDITION, "field": ""}]}, "unknown_field", "criteria.all[0].field"),
        ({"all": [{**CONDITION, "value": None}]}, "missing_field", "criteria.all[0].value"),
        ({"all": [{**CONDITION, "value": {"a": 1}}]}, "wrong_type", "criteria.all[0].value"),
        ({"all": [{**CONDITION, "op": "in", "value": []}]}, "empty_list", "criteria.all[0].value"),
        ({"all": [{**CONDITION, "op": "in", "value": "pro"}]}, "wrong_type", "criteria.all[0].value"),
        ({"all": [{**CONDITION, "op": "in", "value": ["pro", []]}]}, "wrong_type", "criteria.all[0].value[1]"),
        ({"all": [{"field": "sessions_30", "op": ">", "value": "ten"}]}, "wrong_type", "criteria.all[0].value"),
        ({"all": [{"field": "sessions_30", "op": "=", "value": True}]}, "wrong_type", "criteria.all[0].value"),
        ({"all": [{"field": "sessions_30", "op": ">", "value": 10**14}]}, "wrong_type", "criteria.all[0].value"),
        ({"all": [{"field": "signup_date", "op": "<", "value": 20260101}]}, "wrong_type", "criteria.all[0].value"),
        ({"all": [{"field": "signup_date", "op": "<", "value": "2026-02-30"}]}, "wrong_type", "criteria.all[0].value"),
        ({"all": [CONDITION] * 10_000}, "too_many_conditions", "criteria.all"),
        ({"all": [{**CONDITION, "op": "in", "value": ["x"] * 10_000}]}, "too_many_conditions", "criteria.all[0].value"),
        ({"all": [{**CONDITION, "op": "in", "value": ["x"] * 600}] * 2}, "too_many_conditions", "criteria.all"),
        ([CONDITION], "invalid_criteria", "criteria"),
        ("text", "invalid_criteria", "criteria"),
        ('{"all": [', "invalid_criteria", "criteria"),
    ],
)
def test_criteria_are_refused_with_reason_and_place(read, criteria, reason, place):
    accepted, rejected = read("segments", [{"segment_name": "S", "criteria": criteria}])
    assert (accepted, _reasons(rejected)) == ([], [(1, reason, place)])


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"segment_type": "other"}, "invalid_value", "segment_type"),
        ({"segment_name": "Lapsed"}, "built_in_name", "segment_name"),
        ({"criteria": None}, "missing_field", "criteria"),
    ],
)
def test_segment_is_refused_with_reason_and_field(read, changes, reason, field):
    row = {"segment_name": "S", "segment_type": "demographic", "criteria": {"all": [CONDITION]}, **changes}
    assert _reasons(read("segments", [row])[1]) == [(1, reason, field)]
