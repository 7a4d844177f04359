"""Erasing from raw: the person goes, neighbours stay, and no file brings them back until the tombstone is lifted."""

import gzip
import json
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.entities import ENTITIES
from ingest.erase import (
    ANONYMOUS_LOAD,
    NotErased,
    Person,
    carry_out_requests,
    lift_tombstone,
    request_erasure,
)
from ingest.load import utc_naive
from ingest.mentions import find_mentions
from ingest.policies import policies_of
from ingest.reload import reload_files
from tests.unit.ingest.event_rows import CLOCK

DAY = "2026-01-0{}T10:00:00Z"


def event(user_id: str, day: int, event_id: str, **fields) -> dict:
    row = {"event_id": event_id, "user_id": user_id, "workspace_id": "w", "event_type": "page_view"}
    return row | {"page_path": "/p", "created_at": DAY.format(day)} | fields


EVENTS = [
    event("ada", 1, "a1", metadata={"plan": "x"}, ip_address="10.0.0.1", session_id="s1"),
    event("ada", 2, "a2"),
    event("bob", 2, "b1"),
    event("bob", 4, "shared"),
    event("ada", 3, "shared"),  # survives over bob's, until ada goes
    event("ada", 3, "a2"),
    event("ada", 5, "elsewhere", workspace_id="v"),
]
USERS = [
    {"user_id": "ada", "workspace_id": "w", "plan": "pro", "updated_at": DAY.format(1)},
    {"user_id": "ada", "workspace_id": "w", "plan": "pro", "updated_at": DAY.format(1)},
    {"user_id": "bob", "workspace_id": "w", "plan": "free", "updated_at": DAY.format(1)},
]
CONSENTS = [{"user_id": "ada", "workspace_id": "w", "granted": True, "at": DAY.format(1)}]
REFUSED = [event("ada", 1, "r1", event_type="jump"), event("bob", 1, "r2", event_type="jump")]


@pytest.fixture
def filled(landing):
    landing.write("events/a.ndjson", EVENTS)
    landing.write("events/refused.ndjson", REFUSED)
    landing.write("users/u.ndjson", USERS)
    landing.write("consents/c.ndjson", CONSENTS)
    landing.load()
    return landing


def erase(landing, *people: Person) -> None:
    with landing.warehouse.transaction() as tx:
        for person in people:
            request_erasure(tx, person)
    assert carry_out_requests(landing.warehouse, "run", utc_naive(CLOCK)) == len(set(people))


@pytest.fixture
def ada(keys) -> Person:
    return Person.of_user(keys, "w", "ada")


def test_person_leaves_every_raw_table(filled, ada, keys):
    assert ada.user_key in filled.everything()
    erase(filled, ada)
    assert filled.fetch("select distinct user_key from raw.pending where user_key is not null order by 1") == sorted(
        (key,) for key in (ada.user_key, keys.user_key("w", "bob"))
    )
    with filled.warehouse.transaction() as tx:
        tx.execute("delete from raw.pending")
    everything = filled.everything()
    assert ada.user_key not in everything
    assert ada.fingerprint not in everything
    assert ada.tombstone in everything
    assert filled.fetch("select field, value_text from raw.user_attributes") == [("plan", "free")]
    assert filled.fetch("select count(*) from raw.repeated_rows") == [(0,)]
    assert filled.fetch("select count(*) from raw.rejected") == [(1,)]


def test_neighbours_are_as_if_the_person_had_never_been(filled, ada, keys, landing):
    erase(filled, ada)
    assert filled.fetch("select user_key, event_id from raw.events order by event_id") == [
        (keys.user_key("w", "bob"), "b1"),
        (keys.user_key("v", "ada"), "elsewhere"),
        (keys.user_key("w", "bob"), "shared"),
    ]
    assert filled.fetch("select count(*) from raw.repeated_events") == [(0,)]
    assert filled.fetch("select reason, cast(sum(rows) as bigint) from raw.deletions group by reason") == [
        ("erased", 4 + 1 + 1)
    ]


def test_rows_of_the_erased_are_dropped_when_files_come_again(filled, ada, keys):
    erase(filled, ada)
    names = ["events", "users", "consents"]
    report = reload_files(
        filled.warehouse, str(filled.root), names, keys, run_id="again", clock=CLOCK, settle_seconds=0
    )
    assert report.total("dropped_erased") == 4 + 2 + 1
    assert report.total("rejected") == 2
    with filled.warehouse.transaction() as tx:
        tx.execute("delete from raw.pending")
    assert ada.user_key not in filled.everything()
    assert ada.fingerprint not in filled.everything()
    assert filled.fetch("select count(*) from raw.rejected where payload is null and payload_hash is null") == [(1,)]


def test_lifted_tombstone_lets_the_person_in_again(filled, ada, keys):
    erase(filled, ada)
    with filled.warehouse.transaction() as tx:
        lift_tombstone(tx, ada, utc_naive(CLOCK))
    reload_files(filled.warehouse, str(filled.root), ["events"], keys, run_id="again", clock=CLOCK, settle_seconds=0)
    found = filled.fetch(f"select count(*) from raw.events where user_key = '{ada.user_key}'")
    assert found == [(4,)]
    with pytest.raises(NotErased, match="kept out"), filled.warehouse.transaction() as tx:
        lift_tombstone(tx, ada, utc_naive(CLOCK))


def test_request_files_are_carried_out_before_anything_is_read(filled, ada):
    filled.write("erasures/r.csv", "user_id,workspace_id,mode\nada,w,\ncarl,w,forget\n")
    filled.write("events/b.ndjson", [event("ada", 6, "a9"), event("bob", 6, "b9")])
    report = filled.load(clock=CLOCK + timedelta(hours=1))
    outcomes = {file.path: (file.loaded, file.rejected, file.dropped_erased) for file in report.files}
    assert outcomes == {"erasures/r.csv": (1, 1, 0), "events/b.ndjson": (1, 0, 1)}
    assert report.erased == 1
    assert filled.fetch("select count(*) from raw.erasures") == [(0,)]
    assert filled.fetch("select tombstone, mode from raw.tombstones") == [(ada.tombstone, "delete")]


def test_anonymous_events_keep_what_is_counted_and_nothing_that_leads_back(filled, keys):
    ada = Person.of_user(keys, "w", "ada", "anonymize")
    columns = "event_type, page_path, created_at, is_bot"
    before = filled.fetch(f"select {columns} from raw.events where user_key = '{ada.user_key}' order by created_at")
    erase(filled, ada)
    anonymous = f"from raw.events where load_id = {ANONYMOUS_LOAD}"
    after = filled.fetch(f"select {columns} {anonymous} order by created_at")
    assert after == [row for row in before if row[2].day < 4][:3]
    assert len(filled.fetch(f"select distinct user_key {anonymous}")) == 1
    assert filled.fetch(f"select metadata, ip_hash, user_agent_hash, referrer_host {anonymous}") == [(None,) * 4] * 3
    assert filled.fetch(f"select attributes from raw.users where load_id = {ANONYMOUS_LOAD}") == [(None,)]
    assert filled.fetch(f"select is_granted from raw.consents where load_id = {ANONYMOUS_LOAD}") == [(True,)]
    ((session_key,),) = filled.fetch(f"select client_session_key {anonymous} and client_session_key is not null")
    with filled.warehouse.transaction() as tx:
        tx.execute("delete from raw.pending")
    everything = filled.everything()
    for pseudonym in (ada.user_key, ada.fingerprint, "'a1'", "'a2'"):
        assert pseudonym not in everything
    assert session_key not in filled.fetch("select tombstone from raw.tombstones")[0]


def test_later_events_of_the_anonymous_are_dropped(filled, keys):
    erase(filled, Person.of_user(keys, "w", "ada", "anonymize"))
    filled.write("events/b.ndjson", [event("ada", 6, "a9")])
    (file,) = filled.load(clock=CLOCK + timedelta(hours=1)).files
    assert (file.loaded, file.dropped_erased) == (0, 1)


def test_deletion_beats_anonymity_when_both_are_asked_for(filled, ada, keys):
    with filled.warehouse.transaction() as tx:
        request_erasure(tx, Person.of_user(keys, "w", "ada", "anonymize"))
        request_erasure(tx, ada)
    assert carry_out_requests(filled.warehouse, "run", utc_naive(CLOCK)) == 1
    assert filled.fetch(f"select count(*) from raw.events where load_id = {ANONYMOUS_LOAD}") == [(0,)]


def test_without_tombstones_nothing_is_asked_of_a_row(filled):
    with filled.warehouse.transaction() as tx:
        assert all(policies_of(tx, entity).rules == () for entity in ENTITIES)


def mentions(landing, keys, person, **options):
    return find_mentions(
        landing.warehouse,
        str(landing.root),
        keys,
        {person.tombstone},
        clock=CLOCK,
        max_row_bytes=1 << 20,
        **options,
    )


def test_landing_files_are_rewritten_without_the_person_and_not_loaded_again(filled, ada, keys):
    names = ("event_id", "user_id", "workspace_id", "event_type", "page_path", "created_at")
    rows = [{name: row[name] for name in names} for row in EVENTS]
    quoted = ["\n".join([",".join(f'"{row[name]}"' for name in names), ""]) for row in rows]
    quoted[1] = quoted[1].replace("/p", "/p\n\nof two, no, three lines")
    filled.write("events/c.csv.gz", ",".join(names) + "\n" + "".join(quoted))
    filled.write(
        "events/d.ndjson.zst",
        pa.compress("".join(json.dumps(row) + "\n" for row in rows).encode(), codec="zstd", asbytes=True),
    )
    pq.write_table(pa.Table.from_pylist([row | {"extra": 1} for row in rows]), filled.root / "events/e.parquet")
    filled.write("erasures/r.ndjson", [{"user_id": "ada", "workspace_id": "w"}])
    filled.write("events/broken.ndjson", '{"user_id": "ada", \n')
    filled.load(clock=CLOCK + timedelta(hours=1))

    found = mentions(filled, keys, ada)
    counts = {
        "consents/c.ndjson": 1,
        "erasures/r.ndjson": 1,
        "events/a.ndjson": 4,
        "events/c.csv.gz": 4,
        "events/d.ndjson.zst": 4,
        "events/e.parquet": 4,
        "events/refused.ndjson": 1,
        "users/u.ndjson": 2,
    }
    assert found.unread == {}
    assert found.rows[ada.tombstone] == counts
    assert (found.unreadable_rows, found.rewritten) == (1, set())

    assert mentions(filled, keys, ada, deletes_landing={ada.tombstone}).rewritten == set(counts)
    assert mentions(filled, keys, ada).rows == {}
    assert filled.load(clock=CLOCK + timedelta(hours=2)).files == []
    text = gzip.decompress((filled.root / "events/c.csv.gz").read_bytes()).decode()
    kept = [row for row in quoted if '"ada","w"' not in row]
    assert [line for line in text.splitlines() if line] == [",".join(names), *"".join(kept).splitlines()]
    assert pq.read_table(filled.root / "events/e.parquet").to_pylist() == [
        row | {"extra": 1} for row in rows if (row["user_id"], row["workspace_id"]) != ("ada", "w")
    ]
    kept_lines = (filled.root / "events/a.ndjson").read_text().splitlines()
    assert [bool(line) for line in kept_lines] == [False, False, True, True, False, False, True]
    assert not list(filled.root.rglob(".*"))


def test_what_is_left_of_a_file_is_known_under_another_name_too(filled, ada, keys):
    mentions(filled, keys, ada, deletes_landing={ada.tombstone})
    copy = (filled.root / "events/a.ndjson").read_bytes()
    filled.write("events/copy.ndjson", copy)
    (file,) = filled.load(clock=CLOCK + timedelta(hours=1)).files
    assert file.status == "known"


@pytest.mark.parametrize("text", ["ada", "A" * 32, "' or 1=1 --", "0" * 31])
def test_what_is_no_key_is_refused(keys, text):
    with pytest.raises(ValueError, match="no user key"):
        Person.of_key(keys, "w", text)


def archive(landing, user_key: str) -> None:
    """A session and a day of a user, as a purge keeps them."""
    session = {"session_id": f"session of {user_key}", "workspace_id": "w", "user_key": user_key, "events": 2}
    day = {"workspace_id": "w", "user_key": user_key, "events": 2}
    with landing.warehouse.transaction() as tx:
        for table, row in (("sessions", session), ("session_paths", session), ("user_days", day), ("user_hours", day)):
            known = {name: value for name, value in row.items() if table != "session_paths" or name != "events"}
            names, places = ", ".join(known), ", ".join(f"${number}" for number in range(1, len(known) + 1))
            tx.execute(f"insert into ops.archived_{table} ({names}) values ({places})", tuple(known.values()))


def archived(landing) -> list[tuple]:
    return landing.fetch(
        """
        select 'days' as kind, user_key, null as session_id, events from ops.archived_user_days
        union all
        select 'hours', user_key, null, events from ops.archived_user_hours
        union all
        select 'paths', user_key, session_id, null from ops.archived_session_paths
        union all
        select 'sessions', user_key, session_id, events from ops.archived_sessions
        order by kind, user_key
        """
    )


def test_what_a_purge_archived_of_the_person_goes_too(filled, ada, keys):
    bob = keys.user_key("w", "bob")
    archive(filled, bob)
    of_bob = archived(filled)
    archive(filled, ada.user_key)
    erase(filled, ada)
    assert archived(filled) == of_bob


def test_what_a_purge_archived_of_an_anonymous_person_counts_on(filled, keys):
    ada, bob = Person.of_user(keys, "w", "ada", "anonymize"), keys.user_key("w", "bob")
    archive(filled, bob)
    archive(filled, ada.user_key)
    erase(filled, ada)
    ((anonymous,),) = filled.fetch(
        f"select distinct user_key from raw.events where load_id = {ANONYMOUS_LOAD} and workspace_id = 'w'"
    )
    found = archived(filled)
    assert sorted({key for _, key, *_ in found}) == sorted([anonymous, bob])
    assert [events for _, key, _, events in found if key == anonymous] == [2, 2, None, 2]
    assert ada.user_key not in repr(found)
