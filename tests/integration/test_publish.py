"""Publishing: all marts change in one step, and readers never see an error, a wait or a mix."""

import threading
import time
from datetime import datetime
from pathlib import Path

import pytest

from warehouse.base import LockTimeout, Mart, WarehouseError
from warehouse.owner_only import make_private_home

MARTS = [Mart("first", ("id",)), Mart("second", ("id",))]
PUBLICATIONS = 20
ROWS = 2_000


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(request, tmp_path):
    """An empty warehouse with the two relations that publishing reads besides the marts."""
    if request.param == "duckdb":
        from warehouse.duckdb import DuckDBWarehouse

        opened = DuckDBWarehouse(tmp_path)
    else:
        from warehouse.postgres import PostgresWarehouse

        opened = PostgresWarehouse(request.getfixturevalue("postgres_server").new_database())
    return prepared(opened)


def prepared(opened):
    opened.prepare()
    with opened.transaction() as tx:
        tx.execute("create schema candidate")
        tx.execute("create schema intermediate")
        tx.execute("create table intermediate.int_as_of_dates (newest_event_at timestamp)")
        tx.execute("insert into intermediate.int_as_of_dates values ($1)", (datetime(2024, 5, 1),))
    return opened


def write_candidate(warehouse, version: int, rows: int = ROWS) -> None:
    """Two marts that agree on one version number; a tenth of the rows is the same in every version."""
    with warehouse.transaction() as tx:
        for mart in MARTS:
            tx.execute(f"drop table if exists candidate.{mart.name}")
            tx.execute(
                f"create table candidate.{mart.name} as select n as id, case when n % 10 = 0 then 0 else {version} end "
                f"as version, {version} as newest from generate_series(1, {rows + version}) as numbers(n)"
            )


def test_nothing_published_is_said_in_words(warehouse):
    with pytest.raises(WarehouseError, match="nothing has been published yet"):
        warehouse.read("select 1")


def test_columns_that_came_with_a_new_version_are_added_to_the_tables_of_an_older_one(warehouse):
    with warehouse.transaction() as tx:
        tx.execute("insert into raw.files (path, load_id) values ('events/a.ndjson', 1)")
        tx.execute("alter table raw.files drop column dated_at")
        tx.execute("alter table raw.pending drop column touched_until")
    for _ in range(2):
        warehouse.prepare()
    with warehouse.transaction() as tx:
        assert tx.fetch("select path, load_id, dated_at from raw.files") == [("events/a.ndjson", 1, None)]
        assert tx.fetch("select touched_until from raw.pending") == []


def test_published_rows_equal_the_candidate_after_changes_additions_and_removals(warehouse):
    for version, rows in ((1, 50), (2, 80), (3, 10)):
        write_candidate(warehouse, version, rows)
        with warehouse.lock(0):
            publication = warehouse.publish(MARTS, f"run {version}", "fingerprint", None)
        assert publication.publication_id == version
        published = warehouse.read("select id, version, newest from first order by id").rows
        assert published == [(n, 0 if n % 10 == 0 else version, version) for n in range(1, rows + version + 1)]


COMMENTS = {
    "duckdb": "select column_name, comment from duckdb_columns() where table_name = 'first'"
    " union all select null, comment from duckdb_tables() where table_name = 'first'",
    "postgres": "select cast(attname as text), col_description(attrelid, attnum) from pg_attribute"
    " where attrelid = cast('marts.first' as regclass) and attnum > 0 and not attisdropped"
    " union all select null, obj_description(cast('marts.first' as regclass))",
}


def test_comments_follow_the_descriptions_with_each_publication(warehouse):
    for version, words in ((1, "It's a row."), (2, "Another row."), (3, "Another row.")):
        write_candidate(warehouse, version)
        described = Mart(
            "first", ("id",), description=words, column_descriptions={"id": "it's 'the' key", "gone": "not there"}
        )
        with warehouse.lock(0):
            warehouse.publish([described, MARTS[1]], "run", "fingerprint", None)
        comments = dict(warehouse.read(COMMENTS[warehouse.engine]).rows)
        assert comments == {None: words, "id": "it's 'the' key", "version": None, "newest": None}


def test_indexes_are_there_with_the_publication_that_needs_them_and_stay(postgres_server):
    from warehouse.postgres import PostgresWarehouse

    opened = prepared(PostgresWarehouse(postgres_server.new_database()))
    indexed = Mart("first", ("id",), indexes=(("version", "newest"),))
    found = []
    for version, mart in ((1, MARTS[0]), (2, indexed), (3, indexed)):
        write_candidate(opened, version)
        with opened.lock(0):
            opened.publish([mart, MARTS[1]], "run", "fingerprint", None)
        found.append(opened.read("select indexname from pg_indexes where tablename = 'first' order by 1").rows)
    assert found == [[("first_pkey",)], *[[("first_pkey",), ("first_version_newest",)]] * 2]


def test_publishing_clears_the_pending_work(warehouse):
    write_candidate(warehouse, 1)
    with warehouse.transaction() as tx:
        tx.execute("insert into raw.pending (kind) values ('everything')")
        tx.execute("insert into ops.replaced_sessions (session_id) values ('as readers saw it')")
    with warehouse.lock(0):
        warehouse.publish(MARTS, "run", "fingerprint", None)
    with warehouse.transaction() as tx:
        assert tx.fetch("select count(*) from raw.pending") == [(0,)]
        assert tx.fetch("select count(*) from ops.replaced_sessions") == [(0,)]
        assert tx.fetch("select publication_id, run_id, newest_event_at from ops.publications") == [
            (1, "run", datetime(2024, 5, 1))
        ]


def test_a_publication_that_fails_leaves_readers_and_pending_work_as_they_were(warehouse):
    write_candidate(warehouse, 1)
    with warehouse.lock(0):
        warehouse.publish(MARTS, "run 1", "fingerprint", None)
    write_candidate(warehouse, 2)
    with warehouse.transaction() as tx:
        tx.execute("insert into raw.pending (kind) values ('everything')")
        tx.execute("drop table candidate.second")
    with warehouse.lock(0), pytest.raises(Exception, match="second"):
        warehouse.publish(MARTS, "run 2", "fingerprint", None)
    assert warehouse.read("select min(newest), max(newest) from first").rows == [(1, 1)]
    with warehouse.transaction() as tx:
        assert tx.fetch("select count(*) from raw.pending") == [(1,)]
        assert tx.fetch("select count(*) from ops.publications") == [(1,)]


def test_files_of_duckdb_are_their_owners_alone_and_older_ones_are_tightened(tmp_path):
    from warehouse.duckdb import DuckDBWarehouse

    home = tmp_path / "home"
    make_private_home(home)
    opened = DuckDBWarehouse(home)
    opened.prepare()
    with opened.transaction() as tx:
        tx.execute("create schema candidate")
        tx.execute("create schema intermediate")
        tx.execute("create table intermediate.int_as_of_dates (newest_event_at timestamp)")
    write_candidate(opened, 1)
    with opened.lock(0):
        opened.publish(MARTS, "run", "fingerprint", None)
    assert rights_of(home) == {"folder": {0o700}, "file": {0o600}}
    for path in (home, *home.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    make_private_home(home)
    opened.prepare()
    assert rights_of(home) == {"folder": {0o700}, "file": {0o600}}
    assert opened.read("select count(*) from first").rows == [(ROWS + 1,)]


def rights_of(home: Path) -> dict[str, set[int]]:
    """The rights of the folders under `home`, itself included, and of the DuckDB files."""
    folders = {path.stat().st_mode & 0o777 for path in (home, *home.rglob("*")) if path.is_dir()}
    return {"folder": folders, "file": {path.stat().st_mode & 0o777 for path in home.rglob("*.duckdb")}}


def test_home_is_passed_through_where_another_user_runs_the_server_inside(tmp_path, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    (tmp_path / "postgres").mkdir()
    make_private_home(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o700
    (tmp_path / "postgres" / "base").write_text(str(tmp_path / "postgres"))
    make_private_home(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o711


def test_number_of_the_next_publication_is_known_before(warehouse):
    write_candidate(warehouse, 1)
    for number in (1, 2):
        with warehouse.lock(0):
            with warehouse.transaction() as tx:
                assert warehouse.next_publication_id(tx) == number
            assert warehouse.publish(MARTS, "run", "fingerprint", None).publication_id == number


def test_publication_that_a_crash_left_unrecorded_keeps_its_number(tmp_path):
    from warehouse.duckdb import DuckDBWarehouse

    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "footfall-000007.duckdb").touch()
    warehouse = DuckDBWarehouse(tmp_path)
    warehouse.prepare()
    with warehouse.transaction() as tx:
        assert warehouse.next_publication_id(tx) == 8


def test_readers_see_no_error_and_no_mix_during_twenty_publications(warehouse):
    write_candidate(warehouse, 1)
    with warehouse.lock(0):
        warehouse.publish(MARTS, "run 1", "fingerprint", None)
    stop = threading.Event()
    seen: list[tuple[int, ...]] = []
    problems: list[BaseException] = []
    slowest = 0.0

    def read_in_a_loop() -> None:
        nonlocal slowest
        while not stop.is_set():
            started = time.monotonic()
            try:
                with warehouse.published() as reader:
                    versions = [
                        reader.fetch(f"select min(newest), max(newest), count(*) from {name}")[0]
                        for name in ("first", "second", "first")
                    ]
                assert len(set(versions)) == 1, versions
                newest, _, count = versions[0]
                assert versions[0] == (newest, newest, ROWS + newest), versions
                seen.append(newest)
            except BaseException as problem:  # kept for the main thread, whatever it is
                problems.append(problem)
                return
            slowest = max(slowest, time.monotonic() - started)

    readers = [threading.Thread(target=read_in_a_loop) for _ in range(2)]
    for reader in readers:
        reader.start()
    for version in range(2, PUBLICATIONS + 2):
        write_candidate(warehouse, version)
        with warehouse.lock(0):
            warehouse.publish(MARTS, f"run {version}", "fingerprint", None)
    stop.set()
    for reader in readers:
        reader.join()
    assert not problems, problems[0]
    assert len(set(seen)) > 3
    assert slowest < 5


def test_a_second_run_waits_for_the_first_and_then_gives_up_with_a_reason(warehouse):
    told = []
    refused = pytest.raises(LockTimeout, match="FOOTFALL_LOCK_WAIT_SECONDS")
    with warehouse.lock(0), refused, warehouse.lock(0.5, told.append):
        pass
    assert len(told) == 1
    with warehouse.lock(0):
        pass


def test_readers_cannot_write(warehouse):
    write_candidate(warehouse, 1)
    with warehouse.lock(0):
        warehouse.publish(MARTS, "run 1", "fingerprint", None)
    for sql in ("delete from first", "create table marts.more (a integer)", "drop table first"):
        with pytest.raises(Exception, match=r"read.only"):
            warehouse.read(sql)


def test_several_statements_in_one_query_are_refused(warehouse):
    write_candidate(warehouse, 1)
    with warehouse.lock(0):
        warehouse.publish(MARTS, "run 1", "fingerprint", None)
    before = warehouse.read("select * from first order by id").rows
    with pytest.raises(Exception, match=r"(?i)multiple commands|read-only|cannot"):
        warehouse.read("select 1; commit; delete from marts.first; commit")
    assert warehouse.read("select * from first order by id").rows == before


def test_run_that_built_nothing_cannot_publish(make_pipeline, tmp_path):
    pipeline = make_pipeline()
    (tmp_path / "events").mkdir()
    with (
        pipeline.loaded(tmp_path, clock=None) as (refresh, _),
        pytest.raises(WarehouseError, match="only the run that built and tested"),
    ):
        refresh.publish()
    assert pipeline.fetch("select kind from raw.pending") == [("everything",)]
