"""A hundred publications while readers ask: no error, no long wait, and every snapshot is of one publication."""

import threading
import time
from datetime import datetime

import pytest

from warehouse.base import Mart, Warehouse
from warehouse.duckdb import DuckDBWarehouse
from warehouse.postgres import PostgresWarehouse

PUBLICATIONS = 100
READERS = 3
USERS = 300
LONGEST_WAIT_SECONDS = 1.0
# A user's events add up to the user's row, and the users' rows to that of the day.
MARTS = [Mart("days", ("day",)), Mart("users", ("user_key",)), Mart("events", ("user_key", "event_number"))]
_ONE_SNAPSHOT = """
select
    (select min(publication) from days), (select max(publication) from days),
    (select min(publication) from users), (select max(publication) from users),
    (select events from days), (select cast(sum(events) as bigint) from users), (select count(*) from events)
"""
_RELATED = """
select count(*)
from users
left join (select user_key, count(*) as events from events group by user_key) as counted
    on counted.user_key = users.user_key
where counted.events is distinct from users.events
"""


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(request: pytest.FixtureRequest, tmp_path) -> Warehouse:
    if request.param == "duckdb":
        opened: Warehouse = DuckDBWarehouse(tmp_path, memory_limit="1GB", threads=2)
    else:
        opened = PostgresWarehouse(request.getfixturevalue("postgres_server").new_database())
    opened.prepare()
    with opened.transaction() as tx:
        tx.execute("create schema candidate")
        tx.execute("create schema intermediate")
        tx.execute("create table intermediate.int_as_of_dates (newest_event_at timestamp)")
        tx.execute("insert into intermediate.int_as_of_dates values ($1)", (datetime(2024, 5, 1),))
    return opened


def _publish(warehouse: Warehouse, publication: int) -> None:
    """Every user has one to four events, more or fewer than in the publication before."""
    with warehouse.lock(0):
        with warehouse.transaction() as tx:
            for mart in MARTS:
                tx.execute(f"drop table if exists {mart.candidate}")
            tx.execute(
                "create table candidate.users as"
                f" select n as user_key, cast(1 + (n + {publication}) % 4 as bigint) as events, {publication} as"
                f" publication from generate_series(1, {USERS}) as numbers(n)"
            )
            tx.execute(
                "create table candidate.events as select user_key, n as event_number"
                " from candidate.users inner join generate_series(1, 4) as numbers(n) on n <= events"
            )
            tx.execute(
                "create table candidate.days as select 1 as day, cast(sum(events) as bigint) as events,"
                f" {publication} as publication from candidate.users"
            )
        warehouse.publish(MARTS, f"run {publication}", "fingerprint", None)


class Reader(threading.Thread):
    """One who asks three times in one transaction, over and over."""

    def __init__(self, warehouse: Warehouse, stop: threading.Event) -> None:
        super().__init__()
        self.publications: list[int] = []
        self.problem: BaseException | None = None
        self.longest_wait = 0.0
        self._warehouse = warehouse
        self._stop_asked = stop

    def run(self) -> None:
        try:
            while not self._stop_asked.is_set():
                self._look()
        except BaseException as problem:  # kept for the main thread, whatever it is
            self.problem = problem

    def _look(self) -> None:
        with self._warehouse.published() as reader:
            first = self._ask(reader, _ONE_SNAPSHOT)[0]
            assert self._ask(reader, _RELATED) == [(0,)]
            time.sleep(0.01)  # in which another publication may come
            assert self._ask(reader, _ONE_SNAPSHOT)[0] == first
        assert len(set(first[:4])) == 1 and len(set(first[4:])) == 1, first
        self.publications.append(first[0])

    def _ask(self, reader, sql: str) -> list[tuple]:
        started = time.monotonic()
        rows = reader.fetch(sql)
        self.longest_wait = max(self.longest_wait, time.monotonic() - started)
        return rows


def test_readers_of_related_tables_see_one_publication_at_once_through_a_hundred(warehouse: Warehouse):
    _publish(warehouse, 1)
    stop = threading.Event()
    readers = [Reader(warehouse, stop) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    for publication in range(2, PUBLICATIONS + 2):
        _publish(warehouse, publication)
    stop.set()
    for reader in readers:
        reader.join()
    assert [reader.problem for reader in readers if reader.problem] == []
    for reader in readers:
        assert reader.publications == sorted(reader.publications)
        assert len(set(reader.publications)) > 10
        assert reader.longest_wait < LONGEST_WAIT_SECONDS
