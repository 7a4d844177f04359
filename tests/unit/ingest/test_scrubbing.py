"""What is taken for personal, what is not, and what becomes of the rows that hold it."""

import json
import time

import duckdb
import pytest

from ingest import strict_json
from ingest.entities import EVENTS
from ingest.privacy import PrivacyRules
from ingest.read import Reader, Source
from ingest.scrub import SUSPICIOUS, UUID, page_of, scrub, scrub_document
from tests.unit.ingest.event_rows import CLOCK, event

SCRUBBED = [
    ("ana@example.com", "[email]"),
    ("/u/ana@example.com/edit", "/u/[email]/edit"),
    ("ana.b+tag@mail.example.co.uk", "[email]"),
    ("/u/ana%40example.com", "/u/[email]"),
    ("name%2Btag%2540x.org", "[email]"),
    ("Müller@bücher.example", "[email]"),
    ("mail bob@example.com now", "mail [email] now"),
    ("<a@b.co>", "<[email]>"),
    ("bob@10.0.0.1", "[email]"),
    ("x=1,ana@example.com;", "x=1,[email];"),
    ("ana@xn--bcher-kva.example", "[email]"),
    ("+49 170 1234567", "[phone]"),
    ("+4917012345678", "[phone]"),
    ("+1 (555) 010-9999", "[phone]"),
    ("+1.555.010.9999", "[phone]"),
    ("+33 6 12 34 56 78", "[phone]"),
    ("%2B4917012345678", "[phone]"),
    ("0049 170 1234567", "[phone]"),
    ("(555) 010-9999", "[phone]"),
    ("555-010-9999", "[phone]"),
    ("call 030 1234567 now", "call [phone] now"),
    ("0170-1234567", "[phone]"),
    ("06 12 34 56 78", "[phone]"),
    ("020 7946 0958", "[phone]"),
    ("(030) 1234567", "[phone]"),
    ("phone=5550109999", "phone=[phone]"),
    ("/tel/5550109999", "/tel/[phone]"),
    ("4111111111111111", "[card]"),
    ("4111 1111 1111 1111", "[card]"),
    ("4111-1111-1111-1111", "[card]"),
    ("order 5555555555554444 paid", "order [card] paid"),
    ("378282246310005", "[card]"),
    ("3782 822463 10005", "[card]"),
    ("30569309025904", "[card]"),
    ("6011111111111117", "[card]"),
    ("2223003122003222", "[card]"),
    ("4111 1111 1111 1111 123", "[card] 123"),
    ("2026 4111 1111 1111 1111", "2026 [card]"),
    ("card_4111111111111111", "card_[card]"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-DEF_123", "[token]"),
    ("token=abc123", "token=[token]"),
    ("/reset?key=s3cr3t", "/reset?key=[token]"),
    ("access_token=xyz98765", "access_token=[token]"),
    ("password: hunter22", "password: [token]"),
    ("Bearer abcdef123456", "Bearer [token]"),
    (";jsessionid=1A2B3C4D", ";jsessionid=[token]"),
    ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "[token]"),
    ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "[token]"),
    ("AKIAIOSFODNN7EXAMPLE", "[token]"),
    ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "[token]"),
    ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "[token]"),
    ("/reset/dGhpcyBpcyBhIHJhbmRvbSB0b2tlbiE0NTY3ODkw", "/reset/[token]"),
    ("q3Zr8Lw1XbT6vKp0NfYh5Gd2SjCmQe9uAaWiRoEt", "[token]"),
]
LEFT_ALONE = [
    "123e4567-e89b-12d3-a456-426614174000",
    "12345678-1234-4123-8123-123456789012",
    "/orders/123e4567-e89b-12d3-a456-426614174000/items",
    "123e4567e89b12d3a456426614174000",
    "5d41402abc4b2a76b9719d911017c592",
    "507f1f77bcf86cd799439011",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "2026-01-02",
    "2026-01-02T03:04:05.678Z",
    "2026-01-02 03:04:05+01:00",
    "02.01.2026",
    "01/02/2026 10:20:30",
    "00:10:20",
    "1767225600",
    "1767225600000",
    "1767225600000000",
    "12345678",
    "1234567890",
    "123456789012",
    "100200300400500",
    "4111111111111112",
    "1234567812345670",
    "0012345678",
    "007",
    "#12345",
    "1 000 000",
    "19.99",
    "1,234,567.89",
    "EUR 1.234,56",
    "+12.5",
    "+12345678.90",
    "0.4111111111111111",
    "52.5200066,13.4049540",
    "192.168.10.20",
    "2001:db8::1",
    "v1.2.3",
    "1.2.3-rc.4",
    "10.15.7",
    "react@18.2.0",
    "logo@2x.png",
    "@handle",
    "a @ b",
    "SKU-0012-3456",
    "0-306-40615-2",
    "order-2026-000123",
    "/blog/how-To-Build-A-Great-Product-In-2026-With-2-People",
    "getUserAccountByIdAndOrganizationName2AndMore3Things",
    "feature_use.export_to_csv_with_headers_and_footers_v2",
    "/fonts/cJZKeOuBrn4kERxqtaUH3aCWcynf_cDxXwCLxiixG1c.ttf",
    "/main.da39a3ee5e6b4b0d3255bfef95601890afd80709.js",
    "monkey=banana",
    "token expired",
    "password required",
    "Mozilla/5.0 (Windows NT 10.0)",
    "C++ 20230101",
    "5 010 items",
    "page 1 of 12",
    "[email] [phone] [card] [token] key=[token]",
]


@pytest.mark.parametrize(("text", "stored"), SCRUBBED)
def test_personal_text_is_replaced(text, stored):
    assert scrub(text) == stored
    assert scrub(stored) == stored


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_ordinary_text_is_left_alone(text):
    assert scrub(text) == text
    assert scrub_document({"value": text}) == {"value": text}


def test_engine_finds_whatever_would_be_scrubbed():
    documents = [json.dumps({"value": text}) for text, _ in SCRUBBED]
    documents += [json.dumps({"value": text}).replace("@", r"\u0040") for text, _ in SCRUBBED]
    documents += [json.dumps({name: "123456789012"}) for name in ("email", "e-mail", "Phone No.", "apiKey", "password")]
    sql = "select regexp_matches($1, $3) and regexp_matches(regexp_replace($1, $2, '~', 'g'), $3)"
    engine = duckdb.connect()
    for text in [text for text, _ in SCRUBBED] + documents:
        assert engine.execute(sql, [text, UUID, SUSPICIOUS]).fetchall() == [(True,)], text


@pytest.mark.parametrize(
    "text",
    ["a" * 10**5, "1 " * 50_000, "a@" * 50_000, "token:" * 20_000, "4111 1111 1111 1111 " * 5_000, "%40" * 30_000],
    ids=lambda text: text[:6],
)
def test_hostile_text_takes_linear_time(text):
    started = time.process_time()
    scrub(text)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("member", "stored"),
    [
        ({"email": "whatever"}, {"email": "[email]"}),
        ({"E-Mail": "x"}, {"E-Mail": "[email]"}),
        ({"billing_phone": "5550109999"}, {"billing_phone": "[phone]"}),
        ({"phone": strict_json.Number("491701234567")}, {"phone": "[phone]"}),
        ({"card": "visa"}, {"card": "visa"}),
        ({"card_number": "123456789012"}, {"card_number": "[card]"}),
        ({"apiKey": "short"}, {"apiKey": "[token]"}),
        ({"token": strict_json.Number("123456")}, {"token": "[token]"}),
        ({"has_email": True, "email": None}, {"has_email": True, "email": None}),
        ({"tokens_used": strict_json.Number("12")}, {"tokens_used": "12"}),
        ({"pan": strict_json.Number("4111111111111111")}, {"pan": "[card]"}),
        ({"n": strict_json.Number("4111111111111111")}, {"n": "[card]"}),
        ({"ana@example.com": ["bob@example.com", {"x": "555-010-9999"}]}, {"[email]": ["[email]", {"x": "[phone]"}]}),
    ],
)
def test_name_of_a_member_says_what_its_value_is(member, stored):
    assert scrub_document(member) == stored


@pytest.mark.parametrize(
    ("given", "kept", "stored"),
    [
        ("/a?x=1#y", (), "/a"),
        ("/a#y?x=1", (), "/a"),
        ("/a", (), "/a"),
        ("?x=1", (), None),
        ("#top", (), None),
        ("https://user:pw@shop.example:8080/a/b?x=1", (), "/a/b"),
        ("https://shop.example", (), "/"),
        ("https://shop.example?x=1", (), "/"),
        ("/go/https://other.example/b", (), "/go/https://other.example/b"),
        ("/a?x=1&utm=2&y=3&tab=4&utm=5", ("tab", "utm"), "/a?utm=2&tab=4&utm=5"),
        ("/a?X=1", ("x",), "/a"),
        ("/a?q", ("q",), "/a?q"),
    ],
)
def test_page_is_a_path(given, kept, stored):
    assert page_of(given, kept) == stored


def test_events_are_stored_scrubbed_in_every_format(read, keys, tmp_path):
    metadata = {
        "category": "for ana@example.com",
        "duration": 12.5,
        "revenue": 19.99,
        "order": "123e4567-e89b-12d3-a456-426614174000",
        "nested": {"mail": "bob\u0040example.com"},
    }
    rows = [
        event(
            event_type="custom",
            event_name="invite bob@example.com",
            page_path="https://x.example/u/ana@example.com?token=a",
            country_code="555-010-9999",
            metadata=metadata,
        ),
        event(event_id="ana@example.com", page_path="/?x"),
        event(event_id="e3", page_path="/a b", metadata={"n": 1}),
    ]
    stored, rejected = read("events", rows)
    assert rejected == []
    first, second, third = stored
    assert first["event_name"] == "invite [email]"
    assert first["page_path"] == "/u/[email]"
    assert first["country_code"] == "[phone]"
    assert json.loads(first["metadata"]) == {
        **metadata,
        "category": "for [email]",
        "nested": {"mail": "[email]"},
    }
    assert (first["metadata_category"], str(first["revenue"]), str(first["seconds_spent"])) == (
        "for [email]",
        "19.9900",
        "12.5000",
    )
    assert second["event_id"] == keys.hash("event_id", "ana@example.com")
    assert second["page_path"] == "/"
    assert (third["event_id"], third["page_path"], third["metadata"]) == ("e3", "/a b", '{"n":1}')
    header = "event_id,user_id,event_type,event_name,page_path,country_code,metadata,created_at\n"
    quoted = [
        '"' + (json.dumps(row[name]) if name == "metadata" else row[name]).replace('"', '""') + '"'
        for row in rows[:1]
        for name in header.strip().split(",")
    ]
    (from_csv,), _ = read("events", header + ",".join(quoted) + "\n", "rows.csv")
    assert {**from_csv, "line": 1, "metadata": json.loads(from_csv["metadata"])} == {
        **first,
        "metadata": json.loads(first["metadata"]),
    }


def test_allowed_parameters_of_a_query_stay(keys, tmp_path):
    path = tmp_path / "rows.ndjson"
    path.write_text(json.dumps(event(page_path="/a?mail=ana@example.com&tab=2&x=3")) + "\n")
    with Reader(keys, CLOCK, rules=PrivacyRules(kept_parameters=frozenset({"tab", "mail"}))) as reader:
        (batch,) = reader.read(EVENTS, [(Source(str(path), "rows.ndjson", "ndjson"), 1)])
    assert batch.accepted["page_path"].to_pylist() == ["/a?mail=[email]&tab=2"]


def test_event_that_is_delivered_again_is_known_by_what_was_delivered(landing):
    personal = event(event_id=None, page_path="/a?token=1", metadata={"to": "ana@example.com"})
    other = event(event_id=None, page_path="/a?token=2", metadata={"to": "bob@example.com"})
    landing.write("events/a.ndjson", [personal, other])
    landing.write("events/b.ndjson", [other, event(event_id="bob@example.com"), event(event_id="bob@example.com")])
    report = landing.load()
    assert (report.total("loaded"), report.total("duplicates"), report.total("conflicts")) == (3, 2, 0)
    assert landing.fetch("select distinct page_path, metadata from raw.events where page_path is not null") == [
        ("/a", '{"to":"[email]"}')
    ]


def test_texts_of_every_entity_are_scrubbed(landing):
    landing.write(
        "users/u.ndjson", [{"user_id": "u", "email": "ana@example.com", "note": "at +49 170 1234567", "n": 3}]
    )
    landing.write("workspaces/w.ndjson", [{"workspace_id": "w", "name": "Ana's, ana@example.com"}])
    landing.write("features/f.ndjson", [{"feature_name": "to ana@example.com", "category": "555-010-9999"}])
    landing.write(
        "goals/g.ndjson", [{"goal_name": "ana@example.com", "event_name": "*", "page_path": "/ana@example.com"}]
    )
    criteria = {"all": [{"field": "note", "op": "=", "value": "ana@example.com"}]}
    landing.write("segments/s.ndjson", [{"segment_name": "of ana@example.com", "criteria": criteria}])
    steps = [{"page_path": "/ana@example.com"}, {"event_name": "x"}]
    landing.write("funnels/f.ndjson", [{"funnel_name": "of ana@example.com", "steps": steps}])
    landing.write(
        "consents/c.ndjson", [{"user_id": "u", "granted": True, "at": "2026-01-01", "purpose": "a@example.com"}]
    )
    report = landing.load()
    assert report.total("rejected") == 0
    assert "example.com" not in landing.everything()
    assert "010-9999" not in landing.everything() and "1234567" not in landing.everything()
    assert landing.fetch("select field, value_text from raw.user_attributes order by field") == [
        ("email", "[email]"),
        ("n", "3"),
        ("note", "at [phone]"),
    ]
    assert landing.fetch("select value_text from raw.segment_conditions") == [("[email]",)]
    assert landing.fetch("select page_path from raw.funnel_steps order by step") == [("/[email]",), (None,)]
    assert landing.fetch("select workspace_name from raw.workspaces") == [("Ana's, [email]",)]


def test_rejected_rows_show_nothing_personal(landing):
    bad = {"event_id": "ana@example.com", "event_name": "ana@example.com", "page_path": "/4111111111111111"}
    landing.write("events/a.ndjson", [event(**bad, created_at="ana@example.com", ip_address="203.0.113.77")])
    landing.write("features/f.ndjson", [{"feature_name": "x", "ana@example.com": "1"}, {"category": "ana@example.com"}])
    assert landing.load().total("rejected") == 3
    for name in ("ana", "example", "4111", "203.0.113"):
        assert name not in landing.everything()


@pytest.mark.parametrize(
    ("referrer", "host"),
    [
        ("https://marie:pw@Example.COM:8080/private?token=1#x", "example.com"),
        ("HTTP://[2001:DB8::1]:80/x", "[2001:db8::1]"),
        ("example.com/path?ana@example.com", "example.com"),
        ("https://a@b@example.com/", "example.com"),
        ("ana@example.com", None),
        ("mailto:ana@example.com", None),
        ("/local/path?x", None),
        ("garbage", None),
    ],
)
def test_referrer_is_cut_to_its_host(read, referrer, host):
    (row,), _ = read("events", [event(referrer=referrer)])
    assert row["referrer_host"] == host
