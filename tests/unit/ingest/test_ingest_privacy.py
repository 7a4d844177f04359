import gzip
import hashlib
import hmac
import json
import pickle

import duckdb
import pytest

from ingest.privacy import Keys, digest_sql, hash_sql, scrubbed_payload, shape, user_key_sql
from tests.unit.ingest.event_rows import SECRET, event


def test_keyed_hash_in_sql_is_hmac_sha256(keys):
    engine = duckdb.connect()
    keys.install(engine)
    for purpose in Keys.PURPOSES:
        subkey = hmac.digest(SECRET.encode(), f"footfall/{purpose}/1".encode(), "sha256")
        for text in ("", "a", "é😀", "x" * 1000):
            expected = hmac.new(subkey, text.encode(), hashlib.sha256).hexdigest()[:32]
            assert engine.execute(f"select {hash_sql(purpose, '$1')}", [text]).fetchone() == (expected,)
            assert keys.hash(purpose, text) == expected


def test_digest_in_sql_is_sha_256_of_key_and_text(keys):
    engine = duckdb.connect()
    keys.install(engine)
    for purpose in Keys.PURPOSES:
        subkey = hmac.digest(SECRET.encode(), f"footfall/{purpose}/1".encode(), "sha256")
        for text in ("", "a", "é😀", "x" * 1000):
            expected = hashlib.sha256(subkey + text.encode()).hexdigest()[:32]
            assert engine.execute(f"select {digest_sql(purpose, '$1')}", [text]).fetchone() == (expected,)
            assert keys.digest(purpose, text) == expected


def test_user_key_in_sql_is_the_one_in_python(keys):
    engine = duckdb.connect()
    keys.install(engine)
    for workspace, user in [("a", "bc"), ("ab", "c"), ("é", "😀"), ("1:a", "b")]:
        sql = f"select {user_key_sql('w', 'u')} from (select $1 as w, $2 as u)"
        assert engine.execute(sql, [workspace, user]).fetchone() == (keys.user_key(workspace, user),)


def test_user_key_passes_through_the_ring_in_sql_and_python(keys):
    ring = ("the first of the rotation", "the second of the rotation")
    ringed, engine = Keys(SECRET, ring), duckdb.connect()
    ringed.install(engine)
    expected = keys.user_key("w", "u")
    for secret in ring:
        subkey = hmac.digest(secret.encode(), b"footfall/user/1", "sha256")
        expected = hmac.new(subkey, expected.encode(), hashlib.sha256).hexdigest()[:32]
    assert ringed.user_key("w", "u") == expected
    assert ringed.rotated(Keys(SECRET, ring[:1]).user_key("w", "u"), 1) == expected
    sql = f"select {user_key_sql('w', 'u')} from (select 'w' as w, 'u' as u)"
    assert engine.execute(sql).fetchall() == [(expected,)]
    assert ringed.hash("dedup", "x") == keys.hash("dedup", "x")


def test_short_rotation_key_is_refused():
    with pytest.raises(ValueError, match="FOOTFALL_ROTATION_KEYS has 5 characters; at least 16"):
        Keys(SECRET, ["short"])


def test_workspace_and_user_do_not_run_together(keys):
    assert keys.user_key("a", "bc") != keys.user_key("ab", "c")


def test_purposes_do_not_share_keys(keys):
    assert len({keys.hash(purpose, "x") for purpose in Keys.PURPOSES}) == len(Keys.PURPOSES)


def test_short_secret_is_refused_with_what_to_do():
    with pytest.raises(ValueError, match="FOOTFALL_SECRET_KEY has 5 characters; at least 16"):
        Keys("short")


def test_keys_show_no_secret(keys):
    assert SECRET not in repr(keys) + str(keys)
    with pytest.raises(TypeError):
        pickle.dumps(keys)


def test_shape_keeps_the_form_and_not_the_content():
    assert shape("2026-13-01T10:00Z/x_é 7+@{") == "9999-99-99T99:99Z/a_a 9+??"
    assert len(shape("x" * 1000)) == 64


def test_scrubbed_payload_shows_only_what_is_harmless(keys):
    fields = {"user_id": "bob", "event_type": "login", "page_path": "/bob/1", "os": None}
    payload = json.loads(scrubbed_payload(keys, fields, lambda field: field == "event_type"))
    assert payload.keys() == {"user_id", "event_type", "page_path"}
    assert payload["user_id"].startswith("hmac:") and len(payload["user_id"]) == 21
    assert payload["event_type"] == "login"
    assert payload["page_path"] == "/aaa/9"


PERSONAL = {
    "user_id": "Marie-Personal-1",
    "ip_address": "203.0.113.77",
    "user_agent": "PersonalAgent/9.9 (Marie)",
    "session_id": "Session-Personal-2",
    "referrer": "https://marie:pw@example.com/private?token=Tok3n",
}


def test_no_personal_value_is_stored_in_clear_not_even_of_rejected_rows(landing, tmp_path):
    rows = [
        event(**PERSONAL),
        event(**PERSONAL, event_id="e2", created_at="yesterday"),
        event(**PERSONAL, event_type="x"),
    ]
    rows.append(event(**PERSONAL, event_id="e3", metadata="Marie-Personal-1"))
    landing.write("events/a.ndjson", rows)
    landing.write("events/b.ndjson", b'{"user_id": "Marie-Personal-1", "ip_address": \n{"broken": Marie-Personal-1\n')
    landing.write(
        "events/c.csv", "user_id,event_type,created_at\nMarie-Personal-1,login\nMarie-Personal-1,nope,2026-01-01\n"
    )
    landing.write(
        "users/u.ndjson", [{"user_id": "Marie-Personal-1", "created_at": "never"}, {"user_id": "Marie-Personal-1"}]
    )
    landing.write(
        "consents/c.ndjson", [{"user_id": "Marie-Personal-1", "granted": "Marie-Personal-1", "at": "2026-01-01"}]
    )
    report = landing.load()
    assert report.total("loaded") == 2 and report.total("rejected") == 9
    stored = [landing.everything().encode()] + [path.read_bytes() for path in (tmp_path / "home").rglob("*.duckdb*")]
    for name in [*PERSONAL.values(), "Marie", "Tok3n", "pw@"]:
        for content in stored:
            assert name.encode() not in content


def test_row_is_the_same_person_in_events_users_and_consents(landing):
    landing.write("events/e.ndjson", [event(user_id=42)])
    landing.write("users/u.ndjson", [{"user_id": "42"}])
    landing.write("consents/c.csv.gz", "user_id,granted,at\n42,True,2026-01-01\n")
    landing.load()
    (user_keys,) = landing.fetch(
        "select e.user_key, u.user_key, c.user_key from raw.events e, raw.users u, raw.consents c"
    )
    assert set(user_keys) == {landing.keys.user_key("default", "42")}


def test_gzip_of_personal_data_leaves_no_copy_behind(landing, tmp_path):
    landing.write("events/e.ndjson.gz", [event(**PERSONAL)])
    landing.load()
    assert gzip.decompress((landing.root / "events/e.ndjson.gz").read_bytes())  # the landing file itself stays
    assert not list(tmp_path.glob("**/footfall-reader-*"))
