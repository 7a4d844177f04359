"""Lines that are written alike are read at once, and every line ends as if it had been judged alone."""

import json
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest import ndjson
from ingest.entities import EVENTS
from ingest.line_form import SAMPLE_LINES
from ingest.read import Reader, Source
from tests.unit.ingest.event_rows import event

FULL = event(
    workspace_id="w",
    session_id="s",
    event_name="Näme",
    page_path="/a, b",
    ip_address="203.0.113.7",
    user_agent="Mozilla/5.0 (iPad; CPU OS 9_0)",
    referrer="https://example.com/x?y",
    country_code="DE",
    metadata={"category": "Core", "duration": 12.5, "flag": True, "z": None},
)
SPARSE = event(event_id="e2", event_type="custom", page_path="/b")
REJECTED = event(event_id="e3", event_type="unknown", page_path="/b")
NULLS = {**dict.fromkeys(FULL), **SPARSE}
WRITERS = {
    "compact": lambda row: json.dumps(row, ensure_ascii=False, separators=(",", ":")),
    "spaced": lambda row: json.dumps(row, ensure_ascii=False),
    "ascii": json.dumps,
    "sorted": lambda row: json.dumps(row, ensure_ascii=False, separators=(",", ":"), sort_keys=True),
}


@pytest.fixture
def read_lines(reader: Reader, tmp_path_factory):
    """read_lines(text) → (accepted, rejected) rows in the order of their lines."""
    path = tmp_path_factory.mktemp("lines") / "rows.ndjson"

    def read(text: str) -> tuple[list[dict], list[dict]]:
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        batches = list(reader.read(EVENTS, [(Source(str(path), "rows.ndjson", "ndjson"), 1)]))
        for batch in batches:
            assert sum(batch.rows_read.values()) == batch.accepted.num_rows + batch.rejected.num_rows
        tables = ([batch.accepted for batch in batches], [batch.rejected for batch in batches])
        return tuple(
            sorted((row for one in table for row in one.to_pylist()), key=lambda row: row["line"]) for table in tables
        )

    return read


def _refuse(*_):
    raise AssertionError("a line was judged alone")


@pytest.mark.parametrize("rows", [[FULL, FULL], [FULL, NULLS], [FULL, SPARSE], [NULLS, FULL, NULLS], [FULL, REJECTED]])
@pytest.mark.parametrize("writer", ["compact", "spaced", "sorted"])
def test_lines_written_alike_are_read_at_once(read_lines, monkeypatch, writer, rows):
    text = "".join(WRITERS[writer](row) + "\n" for row in rows)
    with monkeypatch.context() as patch:
        patch.setattr(ndjson, "form_of", lambda *_: None)
        alone = read_lines(text)
    monkeypatch.setattr(ndjson, "_judge", _refuse)
    assert read_lines(text) == alone
    assert len(alone[0]) == len(rows) - rows.count(REJECTED)


@pytest.mark.parametrize("change", [{"session_id": None}, {"session_id": ""}, {"session_id": ...}, {"user_id": None}])
@pytest.mark.parametrize("name", ["plain", 'with "escapes"'])
def test_field_is_seen_to_be_missing_where_no_sample_was_taken(read_lines, change, name):
    rows = [{**FULL, "event_id": f"e{number}", "event_name": name} for number in range(10 * SAMPLE_LINES)]
    rows[13] = {key: value for key, value in {**rows[13], **change}.items() if value is not ...}
    text = "".join(WRITERS["compact"](row) + "\n" for row in rows)
    together = read_lines(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ndjson, "form_of", lambda *_: None)
        alone = read_lines(text)
    assert together == alone
    accepted, rejected = together
    assert [row["line"] for row in accepted if row["client_session_key"] is None] == [14] * ("session_id" in change)
    assert [row["line"] for row in rejected] == [14] * ("user_id" in change)


def test_numbers_and_the_other_name_of_the_id_are_read_at_once(read_lines, monkeypatch):
    rows = [{"id": number, "user_id": 7, "event_type": "login", "created_at": 1700000000123} for number in (1, 22)]
    monkeypatch.setattr(ndjson, "_judge", _refuse)
    accepted, _ = read_lines("".join(WRITERS["compact"](row) + "\n" for row in rows))
    assert [row["event_id"] for row in accepted] == ["1", "22"]


def test_one_line_that_is_no_json_does_not_change_the_others(read_lines):
    lines = [WRITERS["compact"](FULL)] * 3
    expected, _ = read_lines("\n".join(lines))
    accepted, rejected = read_lines("\n".join([lines[0], "{" + lines[1], *lines[1:]]))
    assert [{**row, "line": 0} for row in accepted] == [{**row, "line": 0} for row in expected]
    assert [(row["line"], row["reason"]) for row in rejected] == [(2, "invalid_json")]


HOSTILE = [
    "NaN", "-Infinity", "nan", "1e5", "1e400", "01", "1.", "12.50", "-0", "-0.0", "0.1", "123456789012345678901",
    "9007199254740993", "true", "null", '""', '" "', '"a"', '"\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"', '"\\u0041"',
    '"\\/"', '"\\n"', '"\t"', '"\x7f"', '"😀"', '"\ud800"', '"x\\"y"', '"a,"', '"a, "', '"\\": "', "[]", "[1,]", "{}",
    '{"a":1,}', '{"a":1,"a":2}', '{"a, ":1,"a,":2}', '{"a":{"b":[1]}}', '{"a":NaN}', '{"a":1e5}', '{"a":"\\u0000"}',
    '{"category":"x"}', '{ "category" : "x" }', '"{\\"a\\":1}"', '"{\\"a\\":NaN}"', ",", "}", '"', "\\", "/**/", "\x00",
    '"user_id":"v",', '"os":"x","os":"y",', '"unknown":1,', '"metadata":null,', '"id":"other",', " ", "\r", "\ufeff",
]  # fmt: skip


@st.composite
def _lines(draw) -> str:
    writer = WRITERS[draw(st.sampled_from(sorted(WRITERS)))]
    rows = st.sampled_from([FULL, NULLS, SPARSE, event(user_id=5), event(created_at=1700000000123), event(id="i")])
    lines = []
    for row in draw(st.lists(rows, min_size=1, max_size=8)):
        line = writer({**row, "event_id": f"e{len(lines)}"})
        for _ in range(draw(st.integers(0, 2))):
            # Another value in the place of one that is there, or something anywhere.
            hostile = draw(st.sampled_from(HOSTILE))
            places = [match.span(1) for match in re.finditer(r': ?("[^"]*"|null|[0-9.]+|\{[^}]*\})', line)]
            places.append((draw(st.integers(0, len(line))),) * 2)
            start, end = draw(st.sampled_from(places))
            line = line[:start] + hostile + line[end:]
        lines.append(line)
    return draw(st.sampled_from(["\n", "\n\n", "\r\n"])).join(lines)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=_lines())
@example(text="\n".join(WRITERS["compact"](FULL).replace('"w"', piece) for piece in HOSTILE))
@example(text="\n".join(WRITERS["compact"](FULL).replace('{"category"', '{"z":' + piece + ',"y"') for piece in HOSTILE))
@example(text="\n".join(WRITERS["spaced"](FULL).replace('"Core"', piece) for piece in HOSTILE))
@example(
    text="\n".join(WRITERS["compact"](NULLS).replace('"metadata":null', '"metadata":' + piece) for piece in HOSTILE)
)
@example(text="\n".join(WRITERS["compact"](SPARSE).replace("{", "{" + piece, 1) for piece in HOSTILE))
@example(text="\n".join([WRITERS["compact"](FULL), WRITERS["compact"]({**FULL, "os": "", "metadata": ""})]))
def test_every_line_ends_as_if_it_were_judged_alone(read_lines, text):
    together = read_lines(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ndjson, "form_of", lambda *_: None)
        alone = read_lines(text)
    assert together == alone
