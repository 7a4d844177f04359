"""What the engines themselves need for the like of a step: the floors that the figures are divided by.

Each runs in a process of its own, so that its memory is its own, with the settings of the warehouse. Of several
repetitions the median counts.
"""

import multiprocessing
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import psycopg2

from ingest.entities import EVENTS
from orchestration.settings import Settings
from tests.benchmarks.measure import Cost, watched
from warehouse.open import open_warehouse
from warehouse.postgres import DBT_OPTIONS

REPETITIONS = 3
SORTED_EVENTS = "select * from {events} order by workspace_id, user_key, created_at"


def read_ndjson(settings: Settings, landing: Path) -> Cost:
    """DuckDB's own `create table as select … read_ndjson` of the event files, into a database file."""
    return _measured(_create_duckdb_table, settings, f"select * from read_ndjson('{landing}/events/*/*/*.ndjson')")


def sort_events(settings: Settings) -> Cost:
    """`create table as select * from events order by workspace, user, created_at` in the warehouse's engine."""
    if settings.target == "postgres":
        statement = "create table floor.sorted_events as " + SORTED_EVENTS.format(events=EVENTS.table.qualified_name)
        return _measured(_run_in_postgres, settings, statement)
    return _measured(
        _create_duckdb_table, settings, SORTED_EVENTS.format(events=f"warehouse.{EVENTS.table.qualified_name}")
    )


def copy_csv(settings: Settings) -> Cost:
    """Postgres' own `COPY` of the raw events, from a CSV file into a table of the same columns."""
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        with _postgres(settings) as cursor:
            cursor.copy_expert(f"copy {EVENTS.table.qualified_name} to stdout (format csv)", file)
        file.flush()
        return _measured(_copy_into_postgres, settings, file.name)


def _measured(step: Callable[[Settings, str], float], settings: Settings, argument: str) -> Cost:
    costs = []
    for _ in range(REPETITIONS):
        answers = multiprocessing.get_context("spawn").SimpleQueue()
        process = multiprocessing.get_context("spawn").Process(target=_answer, args=(answers, step, settings, argument))
        process.start()
        with watched(process.pid, settings) as memory:
            process.join()
        if process.exitcode != 0:
            raise RuntimeError(f"the floor {step.__name__} failed; its words are above")
        costs.append(Cost(answers.get(), memory.peak()))
    return Cost(median(cost.seconds for cost in costs), max(cost.peak_mb for cost in costs))


def _answer(answers: Any, step: Callable[[Settings, str], float], settings: Settings, argument: str) -> None:
    answers.put(step(settings, argument))


def _create_duckdb_table(settings: Settings, query: str) -> float:
    environment = open_warehouse(settings).dbt_environment()
    with tempfile.TemporaryDirectory(dir=settings.home) as folder:
        config = {
            "memory_limit": environment["FOOTFALL_DUCKDB_MEMORY_LIMIT"],
            "threads": environment["FOOTFALL_DUCKDB_THREADS"],
            "temp_directory": folder,
            "preserve_insertion_order": False,
        }
        with duckdb.connect(Path(folder) / "floor.duckdb", config=config) as connection:
            if "warehouse." in query:
                connection.execute(f"attach '{environment['FOOTFALL_DUCKDB_PATH']}' as warehouse (read_only)")
            started = time.monotonic()
            connection.execute(f"create table events as {query}")
            return time.monotonic() - started


def _run_in_postgres(settings: Settings, statement: str) -> float:
    with _postgres(settings) as cursor:
        started = time.monotonic()
        cursor.execute(statement)
        cursor.connection.commit()
        return time.monotonic() - started


def _copy_into_postgres(settings: Settings, path: str) -> float:
    with _postgres(settings) as cursor, open(path) as file:
        cursor.execute(f"create table floor.events (like {EVENTS.table.qualified_name})")
        cursor.connection.commit()
        started = time.monotonic()
        cursor.copy_expert("copy floor.events from stdin (format csv)", file)
        cursor.connection.commit()
        return time.monotonic() - started


class _postgres:
    """A cursor in the warehouse's database, with an empty schema `floor` that goes with it."""

    def __init__(self, settings: Settings) -> None:
        self._connection = psycopg2.connect(open_warehouse(settings)._dsn, options=DBT_OPTIONS)

    def __enter__(self) -> psycopg2.extensions.cursor:
        self._cursor = self._connection.cursor()
        self._cursor.execute("create schema floor")
        self._connection.commit()
        return self._cursor

    def __exit__(self, *_: object) -> None:
        self._connection.rollback()
        self._cursor.execute("drop schema floor cascade")
        self._connection.commit()
        self._connection.close()
