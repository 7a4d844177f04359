# ruff: noqa: E501 -- tables of hostile text read best a case a line
import csv
import gzip
import io
import json
from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tests.unit.ingest.event_rows import event

ROWS = [
    event(
        event_id="e1", workspace_id="w", session_id="s", event_name="Näme, \"quoted\"\nline", page_path="/a?b=1",
        ip_address="203.0.113.7", user_agent="Mozilla/5.0 (iPad; CPU OS 9_0 like Mac OS X) Safari/601.1",
        referrer="http://user:pw@Example.com:8080/x?y#z", country_code="DE",
        metadata={"category": "Core", "duration": 12.5, "revenue": "19.99", "z": None, "flag": True},
    ),
    event(event_id=None, event_type="custom", metadata={"revenue": 19.99, "nested": {"b": [1, {"y": 2.5, "x": None}]}}),
    event(event_id="e3", user_id="😀", event_type="feature_use", created_at="2026-01-02T03:04:05.678Z", metadata={}),
]  # fmt: skip
COLUMNS = sorted({name for row in ROWS for name in row})


def _csv(rows) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: json.dumps(value) if name == "metadata" else value for name, value in row.items()})
    return text.getvalue().encode()


def _parquet(rows) -> bytes:
    columns = {name: [row.get(name) for row in rows] for name in COLUMNS}
    columns["created_at"] = pa.array(
        [datetime.fromisoformat(at) for at in columns["created_at"]], pa.timestamp("ns", "CET")
    )
    columns["metadata"] = [json.dumps(value) for value in columns["metadata"]]
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def _ndjson(rows) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


FILES = {
    "rows.ndjson": _ndjson(ROWS),
    "rows.json": b"\xef\xbb\xbf" + _ndjson(ROWS).replace(b"\n", b"\r\n"),
    "rows.jsonl.gz": gzip.compress(_ndjson(ROWS[:1])) + gzip.compress(_ndjson(ROWS[1:])),
    "rows.ndjson.zst": zstandard.compress(_ndjson(ROWS[:1])) + zstandard.compress(_ndjson(ROWS[1:])),
    "rows.csv": _csv(ROWS),
    "rows.csv.gz": gzip.compress(b"\xef\xbb\xbf" + _csv(ROWS)),
    "rows.csv.zst": zstandard.compress(_csv(ROWS)),
    "rows.parquet": _parquet(ROWS),
}


def _without_place(rows):
    return sorted(
        ({**row, "line": None, "metadata": json.loads(row["metadata"])} for row in rows),
        key=lambda row: row["event_id"],
    )


@pytest.mark.parametrize("name", FILES)
def test_same_rows_are_equal_in_every_format(read, name):
    expected, _ = read("events", FILES["rows.ndjson"])
    accepted, rejected = read("events", FILES[name], name)
    assert rejected == []
    assert _without_place(accepted) == _without_place(expected)
    assert len({row["content_hash"] for row in accepted}) == 3


def test_event_becomes_the_columns_of_the_contract(read, keys):
    (row, *_), _ = read("events", ROWS)
    hashes = {name: row.pop(name) for name in ("client_session_key", "ip_hash", "user_agent_hash", "content_hash")}
    assert all(len(value) == 32 for value in hashes.values())
    assert {name: str(value) for name, value in row.items()} == {
        "load_id": "7", "line": "1", "workspace_id": "w", "event_id": "e1", "user_key": keys.user_key("w", "u1"),
        "event_type": "page_view", "event_name": 'Näme, "quoted"\nline', "page_path": "/a", "referrer_host": "example.com",
        "device_type": "tablet", "browser": "Mobile Safari", "os": "iOS", "country_code": "DE", "is_bot": "False", "is_gpc": "False",
        "metadata": '{"category":"Core","duration":12.5,"revenue":"19.99","z":null,"flag":true}',
        "metadata_category": "Core", "seconds_spent": "12.5000", "revenue": "None", "created_at": "2026-01-02 03:04:05",
    }  # fmt: skip


def test_content_hash_ignores_key_order_nulls_types_zones_and_ways_to_write(read):
    same = [
        '{"user_id":"1","event_type":"login","created_at":"2026-01-02T03:04:05Z","metadata":{"a":"1","b":"true"}}',
        '{"created_at":1767323045000,"metadata":{"b":true,"a":1,"c":null},"event_type":"login","user_id":1}',
        '{"created_at":"2026-01-02T04:04:05.0009+01:00","metadata":"{\\"b\\":true,\\"a\\":1}","event_type":"login","user_id":1}',
        '{"user_id":"\\u0031","event_type":"login","created_at":"2026-01-02 03:04:05","workspace_id":"default",'
        '"metadata":{"a":"x","a":1,"b":true},"os":"","unknown":[1]}',
    ]
    accepted, rejected = read("events", "\n".join(same))
    assert rejected == []
    assert len({row["content_hash"] for row in accepted}) == 1
    assert len({row["event_id"] for row in accepted}) == 1


def test_content_hash_tells_apart_what_differs(read):
    variants = [event(), event(os="x"), event(browser="x"), event(metadata={}), event(metadata={"a": {"b": 1}}),
                event(metadata={"a": ["b", 1]}), event(page_path='x","os":"y'), event(event_id="e2")]  # fmt: skip
    accepted, _ = read("events", variants)
    assert len({row["content_hash"] for row in accepted}) == len(variants)


def test_parquet_struct_is_metadata_and_naive_time_is_utc(read, tmp_path):
    table = pa.table(
        {
            "user_id": pa.array([7, 8], pa.int32()),
            "event_type": pa.array(["custom", "login"]).dictionary_encode(),
            "created_at": pa.array([datetime(2026, 1, 2, 3, 4, 5), None], pa.timestamp("us")),
            "metadata": [{"duration": 1.5, "category": "x"}, None],
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    accepted, rejected = read("events", (tmp_path / "t.parquet").read_bytes(), "rows.parquet")
    assert [(row["line"], row["reason"], row["field"]) for row in rejected] == [(2, "missing_field", "created_at")]
    assert accepted[0]["created_at"] == datetime(2026, 1, 2, 3, 4, 5)
    assert (str(accepted[0]["seconds_spent"]), accepted[0]["metadata_category"]) == ("1.5000", "x")


def test_text_that_is_not_utf_8_is_rejected_in_every_format(read, tmp_path):
    bad = b'{"user_id":"\xff","event_type":"login","created_at":"2026-01-01"}\n'
    _, rejected = read("events", bad + _ndjson(ROWS))
    assert [(row["line"], row["reason"], row["byte_length"]) for row in rejected] == [(1, "invalid_utf8", len(bad) - 1)]
    accepted, rejected = read(
        "events", b"user_id,event_type,created_at\n\xff,login,2026-01-01\nu,login,2026-01-01\n", "r.csv"
    )
    assert [(row["line"], row["reason"]) for row in rejected] == [(2, "invalid_utf8")]
    assert [row["line"] for row in accepted] == [3]
    users = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff"]).buffers())
    pq.write_table(pa.table({"user_id": users, "event_type": ["login"], "created_at": ["2026-01-01"]}), tmp_path / "p")
    _, rejected = read("events", (tmp_path / "p").read_bytes(), "r.parquet")
    assert [(row["line"], row["reason"], row["field"]) for row in rejected] == [(1, "invalid_utf8", "user_id")]


def test_users_have_equal_hashes_and_attributes_in_every_format(read, tmp_path):
    row = {"user_id": "1", "created_at": "2026-01-02T00:00:00Z", "plan": "pro", "country_code": "FR", "empty": ""}
    pq.write_table(pa.table({name: [value] for name, value in row.items()}), tmp_path / "u")
    contents = {
        "u.ndjson": json.dumps(row),
        "u.csv": "user_id,created_at,plan,country_code,empty\n1,2026-01-02,pro,FR,\n",
        "u.parquet": (tmp_path / "u").read_bytes(),
    }
    users = [read("users", content, name)[0][0] for name, content in contents.items()]
    assert all(json.loads(user["attributes"]) == {"plan": "pro", "country_code": "FR"} for user in users)
    assert len({user["content_hash"] for user in users}) == 1


def test_time_zone_of_a_parquet_column_does_not_change_the_instant(read, tmp_path):
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    hashes = set()
    for kind in (pa.timestamp("ns", "Asia/Tokyo"), pa.timestamp("s"), pa.timestamp("ms", "UTC")):
        value = at if kind.tz else at.replace(tzinfo=None)
        columns = {"user_id": ["u"], "event_type": ["login"], "created_at": pa.array([value], kind)}
        pq.write_table(pa.table(columns), tmp_path / "t")
        hashes.add(read("events", (tmp_path / "t").read_bytes(), "t.parquet")[0][0]["content_hash"])
    offset = at.astimezone(timezone(timedelta(hours=9))).isoformat()
    hashes.add(
        read("events", [event(event_id=None, user_id="u", event_type="login", created_at=offset)])[0][0]["content_hash"]
    )
    assert len(hashes) == 1
