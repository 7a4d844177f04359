"""Loading gives the same on both engines, and leaves the warehouse ready for lookups."""

import json

import pytest

from ingest.load import load_landing
from ingest.policies import ConsentPolicy
from ingest.privacy import Keys
from tests.unit.ingest.event_rows import CLOCK, SECRET, event


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(request, tmp_path):
    if request.param == "duckdb":
        from warehouse.duckdb import DuckDBWarehouse

        opened = DuckDBWarehouse(tmp_path / "home")
    else:
        from warehouse.postgres import PostgresWarehouse

        opened = PostgresWarehouse(request.getfixturevalue("postgres_server").new_database())
    opened.prepare()
    return opened


def test_repetitions_within_and_across_files_and_loads_are_counted(warehouse, tmp_path):
    folder = tmp_path / "landing/events"
    folder.mkdir(parents=True)

    def load(*files):
        for number, rows in enumerate(files):
            content = "".join(json.dumps(row) + "\n" for row in rows)
            (folder / f"{len(list(folder.iterdir()))}-{number}.ndjson").write_text(content)
        report = load_landing(
            warehouse, tmp_path / "landing", Keys(SECRET), run_id="run", clock=CLOCK, settle_seconds=0
        )
        return [(file.rows_read, file.loaded, file.duplicates, file.conflicts, file.rejected) for file in report.files]

    many = [event(event_id=f"many {number}") for number in range(12_000)]
    assert load([*many, many[0]], [many[1], event(event_id="new"), event(event_type="?")]) == [
        (12_001, 12_000, 1, 0, 0),
        (3, 1, 1, 0, 1),
    ]
    assert load([{**many[2], "os": "other"}, event(event_id="newer")]) == [(2, 1, 1, 1, 0)]
    with warehouse.transaction() as tx:
        assert tx.fetch("select count(*) from raw.events") == [(12_005,)]
        assert tx.fetch("select count(*) from raw.repeated_events") == [(6,)]
        if warehouse.engine == "postgres":
            indexes = {name for (name,) in tx.fetch("select indexname from pg_indexes where tablename = 'events'")}
            assert indexes == {"events_load_id", "events_workspace_id_event_id", "events_user_key_created_at"}


@pytest.mark.parametrize("warehouse", ["postgres"], indirect=True)
def test_the_server_knows_how_many_loads_there_are(warehouse, tmp_path):
    """Where it takes them for few it looks for each in all events: a minute of 180 files with 1.5 million rows."""
    files, folder = 25, tmp_path / "landing/events"
    folder.mkdir(parents=True)
    for number in range(files):
        (folder / f"{number}.ndjson").write_text(json.dumps(event(event_id=f"one {number}")) + "\n")
    load_landing(warehouse, tmp_path / "landing", Keys(SECRET), run_id="run", clock=CLOCK, settle_seconds=0)
    with warehouse.transaction() as tx:
        for table in ("raw.loads", "raw.pending"):
            known = tx.fetch("select reltuples from pg_class where oid = cast($1 as regclass)", (table,))
            assert known == [(files,)] == tx.fetch(f"select count(*) from {table}")


def test_late_denial_deletes_what_it_covers_and_a_changed_policy_asks_everybody(warehouse, tmp_path):
    def load(name, *rows, policy="opt_out"):
        path = tmp_path / "landing" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        options = {"run_id": "run", "clock": CLOCK, "settle_seconds": 0}
        root = tmp_path / "landing"
        return load_landing(warehouse, root, Keys(SECRET), consent_policy=ConsentPolicy(policy), **options).withdrawn

    days = [event(event_id=str(day), created_at=f"2026-01-0{day}T12:00:00Z") for day in (1, 2, 3)]
    load("events/a.ndjson", *days, days[2] | {"user_id": "u2"}, event(event_id="gpc", metadata={"gpc": True}))
    assert load("consents/a.ndjson", {"user_id": "u1", "granted": False, "at": "2026-01-02T12:00:00Z"}) == 2
    with warehouse.transaction() as tx:
        assert tx.fetch("select event_id from raw.events order by event_id") == [("1",), ("3",)]
        assert tx.fetch("select count(*) from raw.repeated_events") == [(0,)]
        assert tx.fetch("select reason, rows from raw.deletions") == [("consent", 2)]
        assert tx.fetch("select count(*) from raw.pending where kind = 'position'") == [(3,)]
    assert load("consents/b.ndjson", {"user_id": "u2", "granted": True, "at": "2026-01-01"}, policy="opt_in") == 1
    with warehouse.transaction() as tx:
        assert tx.fetch("select event_id from raw.events") == [("3",)]
