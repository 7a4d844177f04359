# ruff: noqa: E501, UP031 -- tables of hostile text read best a case a line, and JSON is full of braces
"""Texts that a lenient parser would take, and texts that try to break one."""

import gzip
import json
import re

import pytest

from ingest import strict_json
from ingest.validate import MAXIMUM_KEY_BYTES
from tests.unit.ingest.event_rows import event

REST = '"user_id":"u","event_type":"login","created_at":"2026-01-01"'


@pytest.mark.parametrize(
    "text",
    ["{", "nul", "{]", "{%s,}" % REST, '{"a":NaN,%s}' % REST, '{"a":-Infinity,%s}' % REST, '{"a":[1,],%s}' % REST]
    + ['{"a":01,%s}' % REST, '{"a":1.,%s}' % REST, '{"a":+1,%s}' % REST, '{"a":.5,%s}' % REST, "{'a':1,%s}" % REST]
    + ['{%s} x' % REST, '{%s}{}' % REST, '{"a":"\t",%s}' % REST, '{"a":"\\x",%s}' % REST, '{"a":"\\u12g4",%s}' % REST]
    + ['{"a":nan,%s}' % REST, '{"a":inf,%s}' % REST, '{/**/%s}' % REST, '{"a" 1,%s}' % REST, "[" * 100_000, '{"a":' * 100_000],
)  # fmt: skip
def test_what_is_not_json_is_rejected(read, text):
    accepted, rejected = read("events", "{%s}\n%s\n{%s}" % (REST, text, REST))
    assert [row["line"] for row in accepted] == [1, 3]
    assert [(row["line"], row["reason"], row["payload"]) for row in rejected] == [
        (2, "invalid_json" if len(text) < 1000 else "nested_too_deeply", None)
    ]


@pytest.mark.parametrize("text", ["[]", "1", '"text"', "null", "[{%s}]" % REST])
def test_json_that_is_no_object_is_rejected(read, text):
    assert [row["reason"] for row in read("events", text)[1]] == ["not_an_object"]


@pytest.mark.parametrize(
    "text",
    ['{"a":1e400,%s}' % REST, ' { "a" : [ 1 , { } ] , %s } ' % REST, '{"a":"\\ud83d\\ude00\\u00e9",%s}' % REST]
    + ['{"a":{"b":{"c":{"d":[[[1]]]}}},%s}' % REST, '{"a":"\\/\\b\\f",%s}' % REST, '{"":1,"$":2,"/":3,"$.user_id":4,%s}' % REST]
    + ['{"a":"%s",%s}' % ("\\\\" * 1000, REST), '{"a":"NaN, Infinity,}","b":"[1,]",%s}' % REST],
)  # fmt: skip
def test_unusual_but_valid_json_is_accepted(read, text):
    accepted, rejected = read("events", text)
    assert (len(accepted), rejected) == (1, [])


def test_deep_metadata_is_rejected_and_not_a_crash(read):
    deep = '{"a":' * 1000 + "1" + "}" * 1000
    _, rejected = read("events", '{"metadata":%s,%s}\n{"metadata":%s,%s}' % (deep, REST, json.dumps(deep), REST))
    assert [row["reason"] for row in rejected] == ["nested_too_deeply"] * 2


def test_plain_line_pattern_takes_only_what_strict_json_takes():
    """The engine alone judges what matches the patterns, so a match must mean valid JSON with exact numbers."""
    import re

    pattern = re.compile(strict_json.PLAIN_LINE)
    pieces = [
        "0",
        "-1",
        "01",
        "1.5",
        "1e5",
        "123456789012345",
        "1234567890123456",
        '"a"',
        '"\\u0000"',
        '"\\ud800"',
        "nan",
    ]
    pieces += ["[1,2]", "[1,]", "{}", '{"a":1}', '{"a":1,}', "true", "null", '"\n"', '"\\q"', "[[1]]", '[{"a":[]}]', ""]
    for piece in pieces:
        line = '{"x":%s}' % piece
        if pattern.fullmatch(line):
            value = json.loads(line)
            assert strict_json.dump(strict_json.parse(line)) == json.dumps(
                value, separators=(",", ":"), ensure_ascii=False
            )


@pytest.fixture
def json_test_suite(real_data) -> list[tuple[str, bytes]]:
    """(name, text without line breaks) of the suite's files; those that are only broken as long as they have them are out."""
    files = sorted((real_data / "bad_input/JSONTestSuite/test_parsing").glob("*.json"))
    one_line = {path.name: path.read_bytes().replace(b"\r", b" ").replace(b"\n", b" ") for path in files}
    broken_by_breaks = [path.name for path in files if path.name[0] == "n" and b"\n" in path.read_bytes().strip()]
    return [(name, text) for name, text in one_line.items() if text.strip() and name not in broken_by_breaks]


REFUSED = {"invalid_json", "invalid_utf8", "nested_too_deeply"}


def test_json_test_suite_as_lines(read, json_test_suite):
    accepted, rejected = read("events", b"{}\n" + b"\n".join(text for _, text in json_test_suite))
    assert accepted == [] and len(rejected) == 1 + len(json_test_suite)
    for (name, _), row in zip(json_test_suite, rejected[1:], strict=True):
        if name.startswith("y_"):
            assert row["reason"] not in REFUSED, name
        if name.startswith("n_"):
            assert row["reason"] in REFUSED, name


def test_json_test_suite_as_metadata(read, json_test_suite):
    lines = [b'{"metadata":{"x":%b},%b}' % (text, REST.encode()) for _, text in json_test_suite]
    accepted, rejected = read("events", b"\n".join(lines))
    stored = {row["line"]: row["metadata"] for row in accepted}
    assert len(accepted) + len(rejected) == len(lines)
    for line, (name, text) in enumerate(json_test_suite, 1):
        if name.startswith("n_"):
            assert line not in stored, name
        if name.startswith("y_") and b"\\u0000" not in text:
            given = strict_json.parse('{"x":%s}' % text.decode())
            assert strict_json.canonical(strict_json.parse(stored[line])) == strict_json.canonical(given), name


def test_naughty_strings_survive_every_text_field_exactly(read, real_data, keys):
    naughty = json.loads((real_data / "bad_input/blns/blns.json").read_text())
    rows = [
        event(event_id=text, user_id=text or "u", event_name=text, page_path=text, os=text, browser=text, device_type=text,
              country_code=text, session_id=text, ip_address=text, user_agent=text, referrer=text, workspace_id=text,
              metadata={text: text, "category": text})
        for text in naughty
    ]  # fmt: skip
    accepted, rejected = read("events", rows)
    storable = [
        (line, text)
        for line, text in enumerate(naughty, 1)
        if strict_json.is_storable(text) and len(text.encode()) <= MAXIMUM_KEY_BYTES
    ]
    assert [row["line"] for row in accepted] == [line for line, _ in storable]
    assert {row["reason"] for row in rejected} <= {"invalid_text", "text_too_long"}
    for row, (_, text) in zip(accepted, storable, strict=True):
        for name in ("event_name", "country_code", "metadata_category"):
            assert row[name] == (text or None)
        # Of a page only the path stays.
        page = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*", "", text)
        assert row["page_path"] == (re.split("[?#]", page)[0] or None)
        assert row["user_key"] == keys.user_key(text or "default", text or "u")
        expected = {text: text, "category": text}
        assert json.loads(row["metadata"]) == expected


def test_row_of_ten_megabytes_is_rejected_by_length_and_hash(read, keys):
    long_line = b'{"user_id":"' + b"x" * 10_000_000 + b'"}'
    for content in (b"{%b}\n%b\n{%b}\n", b"{%b}\n%b\n{%b}"):
        accepted, rejected = read("events", content % (REST.encode(), long_line, REST.encode()))
        assert [row["line"] for row in accepted] == [1, 3]
        (row,) = rejected
        assert (row["line"], row["reason"], row["byte_length"]) == (2, "row_too_large", len(long_line))
        assert row["payload_hash"] == keys.hash("payload", long_line)
        assert row["payload"] is None


def test_line_larger_than_a_chunk_is_passed_over(read):
    content = b"%b\n{%b}" % (b"x" * 40_000_000, REST.encode())
    accepted, rejected = read("events", gzip.compress(content, 1), "rows.ndjson.gz")
    assert [row["line"] for row in accepted] == [2]
    assert [(row["line"], row["byte_length"]) for row in rejected] == [(1, 40_000_000)]
