# ruff: noqa: E501, UP031 -- tables of hostile text read best a case a line, and JSON is full of braces
import gzip
import json
import random
from datetime import timedelta

import pytest

from ingest import ledger, load
from ingest.entities import RAW_TABLES
from ingest.load_report import FileResult
from tests.unit.ingest.event_rows import CLOCK, event
from warehouse.duckdb import DuckDBTransaction

MAXIMUM_ROW = 2_000


def test_outcomes_add_up_in_report_and_ledger(landing):
    landing.write(
        "events/a.ndjson", [event(event_id=str(number % 7)) for number in range(10)] + [event(event_type="?")]
    )
    landing.write("events/b.csv", "user_id,event_type,created_at\nu,login,2026-01-01\nu,login,2026-01-01\nu,login\n")
    report = landing.load()
    assert [(file.rows_read, file.loaded, file.duplicates, file.rejected) for file in report.files] == [
        (11, 7, 3, 1),
        (3, 1, 1, 1),
    ]
    assert landing.fetch("select sum(rows_read), sum(loaded), sum(duplicates), sum(rejected) from raw.loads") == [
        (14, 8, 4, 2)
    ]
    assert landing.fetch("select count(*) from raw.events") == [(12,)]  # every copy stays
    assert landing.fetch("select load_id, kind from raw.pending order by 1") == [(1, "load"), (2, "load")]
    assert report.lines()[-1].split() == ["2", "files", "14", "8", "4", "0", "2"]


def test_numbers_that_do_not_add_up_stop_the_load():
    with pytest.raises(ArithmeticError, match="5 rows read but 4 accounted for"):
        FileResult("events/a", "events", "loaded", rows_read=5, loaded=3, rejected=1).check()


def test_same_event_in_two_loads_is_a_duplicate_and_a_conflict_only_when_it_differs(landing):
    landing.write("events/a.ndjson", [event(event_id="same"), event(event_id="differs"), event(event_id="alone")])
    landing.load()
    landing.write("events/b.ndjson", [event(event_id="same"), event(event_id="differs", os="x"), event(event_id="new")])
    report = landing.load()
    (file,) = report.files
    assert (file.loaded, file.duplicates, file.conflicts) == (1, 2, 1)
    repeated = landing.fetch("select event_id, load_id, line from raw.repeated_events order by 1, 2")
    assert repeated == [("differs", 1, 2), ("differs", 2, 2), ("same", 1, 1), ("same", 2, 1)]
    landing.write(
        "events/c.ndjson", [event(event_id="same"), event(event_id="same", os="y"), event(event_id="same", os="y")]
    )
    (file,) = landing.load().files
    assert (file.loaded, file.duplicates, file.conflicts) == (0, 3, 3)
    assert landing.fetch("select count(*), count(distinct (load_id, line)) from raw.repeated_events") == [(7, 7)]


def test_same_event_id_in_two_workspaces_is_two_events(landing):
    landing.write("events/a.ndjson", [event(workspace_id="a"), event(workspace_id="b")])
    assert landing.load().total("duplicates") == 0


def test_event_without_id_is_the_same_event_in_two_files_and_formats(landing):
    landing.write("events/a.ndjson", [event(event_id=None)])
    landing.write("events/b.csv", "created_at,event_type,user_id\n2026-01-02T04:04:05+01:00,page_view,u1\n")
    report = landing.load()
    assert (report.total("loaded"), report.total("duplicates"), report.total("conflicts")) == (1, 1, 0)


def test_split_and_order_of_files_do_not_change_what_is_stored(landing):
    rows = [event(event_id=str(number % 40), os=str(number % 3)) for number in range(100)]
    random.Random(1).shuffle(rows)
    for number in range(10):
        landing.write(f"events/{number}.ndjson", rows[number * 10 : number * 10 + 10])
    report = landing.load()
    assert (report.total("loaded"), report.total("duplicates")) == (40, 60)
    assert landing.fetch("select count(*) from raw.repeated_events") == [(100,)]


def test_same_content_under_another_name_loads_once(landing):
    content = [event()]
    landing.write("events/a.ndjson", content)
    landing.load()
    landing.write("events/deep/er/b.jsonl", content)
    (file,) = landing.load().files
    assert (file.status, file.load_id, file.rows_read) == ("known", 1, 0)
    assert landing.fetch("select path, load_id from raw.files order by 1") == [
        ("events/a.ndjson", 1),
        ("events/deep/er/b.jsonl", 1),
    ]
    assert landing.load().files == []


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("events/cut.ndjson.gz", gzip.compress(json.dumps(event()).encode() * 1000)[:-9], "ends early"),
        ("events/not.ndjson.gz", None, "damaged"),
        ("events/bad.parquet", b"PAR1 no", "Parquet file is damaged"),
        ("events/head.csv", b"a,b\n1,2\n", "lacks the column user_id, event_type, created_at"),
    ],
)
def test_damaged_file_is_refused_as_a_whole_and_the_run_goes_on(landing, name, content, reason):
    path = landing.write(name, b"")
    path.write_bytes(content or b'{"a":1}\n')
    landing.write("events/z.ndjson", [event()])
    report = landing.load()
    refused, loaded = report.files
    assert (refused.status, loaded.loaded) == ("rejected", 1)
    assert reason in refused.reason
    assert landing.fetch("select entity, path, line, reason from raw.rejected") == [
        ("events", name, None, "corrupt_file")
    ]
    assert landing.fetch("select load_id, status from raw.loads order by 1") == [(1, "rejected"), (2, "loaded")]
    assert landing.fetch("select count(*) from raw.events where load_id = 1") == [(0,)]
    assert landing.load().files == []


def test_rows_before_the_damage_are_rolled_back(landing):
    lines = "".join(json.dumps(event(event_id=str(random.random()))) + "\n" for _ in range(250_000))
    path = landing.write("events/a.ndjson.gz", lines)
    path.write_bytes(path.read_bytes()[:-100])
    assert landing.load().files[0].status == "rejected"
    assert landing.fetch("select count(*) from raw.events") == [(0,)]


def test_repaired_file_of_a_refused_one_loads(landing):
    path = landing.write("events/a.csv", json.dumps(event()))
    assert landing.load().files[0].status == "rejected"
    path.rename(path.with_suffix(".ndjson"))
    assert landing.load().files[0].loaded == 1


@pytest.mark.parametrize("step", ["append", "file_entry", "count_repeated_events"])
def test_crash_between_append_and_commit_leaves_nothing(landing, monkeypatch, step):
    def crash(*_):
        raise RuntimeError("power cut")

    landing.write("events/a.ndjson", [event(), event(), event(event_type="?")])
    with monkeypatch.context() as patch:
        if step == "append":
            append = DuckDBTransaction.append
            patch.setattr(
                DuckDBTransaction,
                "append",
                lambda tx, table, rows: crash() if table == "raw.loads" else append(tx, table, rows),
            )
        else:
            patch.setattr(load._Load if step == "file_entry" else ledger, step, crash)
        with pytest.raises(RuntimeError, match="power cut"):
            landing.load()
    assert {
        landing.fetch(f"select count(*) from raw.{name}")[0] for name in ("events", "rejected", "loads", "files")
    } == {(0,)}
    assert landing.load().total("loaded") == 1


def test_file_that_changes_while_it_is_read_is_rolled_back(landing, monkeypatch):
    path = landing.write("events/a.ndjson", [event()])
    count = ledger.count_repeated_events

    def append_meanwhile(*arguments):
        path.write_text(path.read_text() * 2)
        return count(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "count_repeated_events", append_meanwhile)
        report = landing.load()
    assert report.files == []
    assert [note.reason for note in report.notes] == ["changed while it was read; left for the next run"]
    assert landing.fetch("select count(*) from raw.events") == [(0,)]
    assert landing.load().total("rows_read") == 2


def test_users_keep_history_and_drop_repetitions(landing):
    at = {"updated_at": "2026-01-01"}
    landing.write(
        "users/1.ndjson", [{"user_id": "a", "plan": "x"}, {"user_id": "a", "plan": "x"}, {"user_id": "b", **at}]
    )
    first = landing.load()
    assert (first.total("loaded"), first.total("duplicates")) == (2, 1)
    day = timedelta(days=1)
    steps = [
        ([{"user_id": "a", "plan": "x", "z": None}], 0),  # the same as the latest version
        ([{"user_id": "a", "plan": "y"}], 1),
        ([{"user_id": "a", "plan": "x", "y": ""}], 1),  # back to an older one: a change
        ([{"user_id": "b", **at, "z": ""}, {"user_id": "b", "updated_at": "2026-01-02"}], 1),
    ]
    for number, (rows, loaded) in enumerate(steps, 2):
        landing.write(f"users/{number}.ndjson", rows)
        report = landing.load(CLOCK + number * day)
        assert (report.total("loaded"), report.total("duplicates")) == (loaded, len(rows) - loaded)
    plans = landing.fetch(
        "select attributes from raw.users where user_key = '%s' order by load_id"
        % landing.keys.user_key("default", "a")
    )
    assert [json.loads(plan) for (plan,) in plans] == [{"plan": "x"}, {"plan": "y"}, {"plan": "x"}]


def test_rows_for_every_workspace_are_compared_too(landing):
    for number, at in enumerate(("2026-01-01", "2026-01-01T00:00:00Z", "2026-01-02")):
        landing.write(f"features/{number}.ndjson", [{"feature_name": "f", "updated_at": at}])
        landing.write(f"goals/{number}.ndjson", [{"goal_name": "g", "page_path": "/x"}])
    report = landing.load()
    totals = {(file.entity, file.path[-8]): file.loaded for file in report.files}
    assert totals == {
        ("features", "0"): 1,
        ("features", "1"): 0,
        ("features", "2"): 1,
        ("goals", "0"): 1,
        ("goals", "1"): 0,
        ("goals", "2"): 0,
    }


def test_consent_is_a_duplicate_when_user_purpose_time_and_decision_agree(landing):
    rows = [{"user_id": "u", "granted": granted, "at": at} for granted, at in
            ((True, "2026-01-01"), ("true", "2026-01-01T00:00:00Z"), (False, "2026-01-01"), (True, "2026-01-02"))]  # fmt: skip
    landing.write("consents/a.ndjson", rows)
    report = landing.load()
    assert (report.total("loaded"), report.total("duplicates")) == (3, 1)


def test_load_clock_stands_in_for_an_absent_updated_at(landing):
    landing.write("workspaces/w.ndjson", [{"workspace_id": "w", "name": "W", "timezone": "Asia/Tokyo"}])
    landing.load()
    (row,) = landing.fetch("select workspace_name, timezone, updated_at from raw.workspaces")
    assert row == ("W", "Asia/Tokyo", CLOCK.replace(tzinfo=None))


def test_real_web_log_and_purchases_load_completely(landing, real_data):
    expected = json.loads((real_data / "reference.json").read_text())
    weblog = landing.load(root=real_data / "weblog/landing")
    assert weblog.total("loaded") == expected["weblog"]["events"]
    assert landing.fetch("select count(distinct user_key) from raw.events") == [(expected["weblog"]["users"],)]
    cdnow = landing.load(root=real_data / "cdnow/landing")
    assert cdnow.total("loaded") == expected["cdnow"]["events"]
    ((revenue,),) = landing.fetch("select sum(revenue) from raw.events")
    assert str(revenue).rstrip("0") == expected["cdnow"]["revenue_total"]


@pytest.mark.parametrize("seed", range(6))
def test_files_in_one_transaction_are_loaded_as_if_each_had_its_own(landing, monkeypatch, seed):
    """Lines without an end, blank, over-long and broken ones among them; for every second seed one file is damaged."""
    dice = random.Random(seed)
    for number in range(12):
        lines = [_line(dice) for _ in range(dice.randint(0, 6))]
        landing.write(f"events/{number:02}.ndjson", b"\n".join(lines) + dice.choice([b"", b"\n"]))
    landing.write("events/03.ndjson", [])
    landing.write("events/04.csv", "user_id,event_type,created_at\nu,login,2026-01-01\nu,login\n")
    if seed % 2:
        (landing.root / "events/05.ndjson.gz").write_bytes(gzip.compress(b"{}" * 1000)[:-9])
    (landing.root / "events/07.ndjson").write_bytes((landing.root / "events/02.ndjson").read_bytes())
    together = _loads_and_events(landing)
    with landing.warehouse.transaction() as tx:
        for table in RAW_TABLES:
            tx.execute(f"delete from {table.qualified_name}")
    monkeypatch.setattr(load, "_GROUP", 1)
    assert _loads_and_events(landing) == together
    assert {status for _, status, *_ in together[0]} == {"loaded", "known"} | ({"rejected"} if seed % 2 else set())


def _line(dice: random.Random) -> bytes:
    row = event(
        event_id=dice.choice("abcdefgh"),
        os=dice.choice("xy"),
        event_type=dice.choice(["login", "login", "?"]),
        created_at=f"2026-01-0{dice.randint(1, 9)}T00:00:00Z",
        metadata=dice.choice([None, {"b": 1, "a": None}, {"a": [1]}, "no object"]),
    )
    whole = json.dumps(row).encode()
    return dice.choice([whole, whole, whole, b"", b'{"user_id": "\xff"}', b"{", b" " * MAXIMUM_ROW + whole])


def _loads_and_events(landing):
    report = landing.load(max_row_bytes=MAXIMUM_ROW)
    files = [
        (file.path, file.status, file.rows_read, file.loaded, file.duplicates, file.conflicts, file.rejected)
        for file in report.files
    ]
    raw = [
        landing.fetch(
            f"select file.path, {columns} from raw.{table} inner join raw.files as file using (load_id) order by all"
        )
        for table, columns in (
            ("loads", "min_created_at, max_created_at"),
            ("events", "line, event_id, created_at, metadata, content_hash"),
            ("repeated_events", "line, event_id, created_at"),
            ("rejected", "raw.rejected.path, line, reason, field, byte_length, payload_hash"),
        )
    ]
    return files, raw
