"""Loading gives the same on both engines, and leaves the warehouse ready for lookups."""

import json

import pytest

from ingest.load import load_landing
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
