"""Postgres: the warehouse that teams run and BI tools connect to.

The tables in `marts` are permanent: changed rows are deleted and inserted in one transaction, so grants and policies
stay, readers never wait, and a REPEATABLE READ transaction sees one publication.
"""

import os
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import adbc_driver_postgresql.dbapi as adbc
import psycopg2
import psycopg2.errors
import psycopg2.extensions
import pyarrow as pa

from warehouse.access import Reader, Roles, add_login, guard_table, has_access, published_tables, set_up_access
from warehouse.base import (
    CANDIDATES,
    MARTS_SCHEMA,
    NEWEST_PUBLICATION,
    NOTHING_PUBLISHED,
    OPS_SCHEMA,
    RAW_SCHEMA,
    SAFE_SCHEMA,
    LockHolder,
    LockTimeout,
    LostLock,
    Mart,
    Publication,
    Result,
    Transaction,
    Warehouse,
    WarehouseError,
)
from warehouse.catalogue import describe_and_index
from warehouse.disk import SERVER_DISK_FULL, tells_of_full_disk
from warehouse.postgres_backup import dump, restore
from warehouse.publications import record_publication
from warehouse.tables import COLUMNS_PRESENT, RAW, TABLES, add_columns, create_table

# Byte order everywhere: the contract orders text by UTF-8 bytes, whatever collation the database was created with.
TYPES = {"text": 'text collate "C"', "decimal(18,4)": "numeric(18,4)"}
# Events are looked up by id when they are loaded, and by user and time when sessions are rebuilt.
EVENT_TREES = (("workspace_id", "event_id"), ("user_key", "created_at"))
BULK_ROWS = 10_000
_PLACEHOLDER = re.compile(r"\$(\d+)")
# The server's default of 4 MB sorts the ids of a load on disk.
WORK_MEMORY = "64MB"
# What is joined is read whole: Postgres would sort it by keys of several texts, six times slower than it hashes it.
BY_HASHING = "enable_mergejoin=off"
# For dbt's sessions: memory to sort and hash in, no compiling of statements over tables just made, whose costs are
# misjudged, and a fifth of the usual sample to tell how a table just made is filled.
DBT_OPTIONS = f"-c work_mem={WORK_MEMORY} -c jit=off -c {BY_HASHING} -c default_statistics_target=20"
# A mart is written anew as soon as no reader holds it. A reader who comes while that is awaited waits so long, at most.
LOCK_TIMEOUT = "200ms"
LOCK_ATTEMPTS = 50
LOCK_PAUSE_SECONDS = 0.5
DUMP = "warehouse.dump"
_OWN_SCHEMAS = "('raw', 'ops', 'staging', 'intermediate', 'candidate', 'candidate_safe', 'marts', 'marts_safe')"
RUN_LOCK = 0x466F6F7466616C6C  # "Footfall"
BUILD_APPLICATION = "footfall dbt"  # as in profiles/profiles.yml
# Whoever holds the lock is alone: the build of a run that was killed, or lost its lock, is not to write into the next.
_END_ABANDONED_BUILDS = """
select pg_terminate_backend(pid, 5000)
from pg_stat_activity
where datname = current_database() and usename = current_user and application_name = %s
"""


class PostgresTransaction(Transaction):
    """A transaction of an ADBC connection (Arrow in, COPY underneath)."""

    def __init__(self, cursor: adbc.Cursor) -> None:
        self._cursor = cursor

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        self._cursor.execute(sql, tuple(parameters) or None)

    def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple]:
        self.execute(sql, parameters)
        return self._cursor.fetchall()

    def append(self, table: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        schema, name = table.split(".")
        appended = self._cursor.adbc_ingest(name, rows, mode="append", db_schema_name=schema)
        if appended >= BULK_ROWS:
            # Until then the server takes a new table for empty; its plan for repeated events took ten times as long.
            self.execute(f"analyze {table}")


class PublishedReader(Transaction):
    """A read-only transaction of a psycopg2 connection."""

    def __init__(self, cursor: psycopg2.extensions.cursor) -> None:
        self._cursor = cursor

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        if parameters:
            named = {f"p{number}": value for number, value in enumerate(parameters, start=1)}
            self._cursor.execute(_PLACEHOLDER.sub(r"%(p\1)s", sql.replace("%", "%%")), named)
        else:
            self._cursor.execute(sql)

    def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple]:
        self.execute(sql, parameters)
        return self._cursor.fetchall()

    def append(self, table: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        raise WarehouseError("published marts are read-only")


class PostgresWarehouse(Warehouse):
    """The warehouse in one Postgres database.

    Args:
        dsn: postgresql://user:password@host:port/database
        role_prefix: of the roles that read what is published; see warehouse.access.
    """

    engine = "postgres"

    def __init__(self, dsn: str, role_prefix: str = "") -> None:
        self._dsn = dsn
        self._roles = Roles(role_prefix)
        self._fencing_token: int | None = None

    def __repr__(self) -> str:
        parts = urlsplit(self._dsn)
        return f"PostgresWarehouse({parts.hostname}:{parts.port or 5432}{parts.path})"

    def prepare(self) -> None:
        """Only what is missing is created: `if not exists` asks for the right to create even where nothing is to do,
        which the role that publishes does not have in raw."""
        with self.transaction() as tx:
            schemas = {name for (name,) in tx.fetch("select nspname from pg_namespace")}
            for schema in (RAW_SCHEMA, OPS_SCHEMA, MARTS_SCHEMA, SAFE_SCHEMA):
                if schema not in schemas:
                    tx.execute(f"create schema {schema}")
            relations = {name for (name,) in tx.fetch(_OWN_RELATIONS)}
            for name in TABLES:
                if name not in relations:
                    tx.execute(create_table(name, TYPES))
            for statement in add_columns(set(tx.fetch(COLUMNS_PRESENT)), TYPES):
                tx.execute(statement)
            wanted = [(table.name, columns) for table in RAW for columns in table.indexes]
            for table, columns in [*wanted, *(("events", columns) for columns in EVENT_TREES)]:
                if f"{RAW_SCHEMA}.{_index_name(table, columns)}" not in relations:
                    tx.execute(_create_index(table, columns))

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with _reachable(self), adbc.connect(self._dsn) as connection, connection.cursor() as cursor:
            try:
                cursor.execute(f"set local work_mem = '{WORK_MEMORY}'")
                tx = PostgresTransaction(cursor)
                if self._fencing_token is not None:
                    self._check_fence(tx)
                yield tx
                connection.commit()
            except BaseException:
                with suppress(adbc.Error):  # the connection is gone, and the server rolled back
                    connection.rollback()
                raise

    @contextmanager
    def session(self) -> Iterator[None]:
        """The first load fills a table without trees and builds them at its end: row by row took several times as long.

        `prepare` makes up for a load that was cut off before its end.
        """
        with self.transaction() as tx:
            is_first_load = not tx.fetch("select 1 from raw.events limit 1")
            for columns in EVENT_TREES if is_first_load else ():
                tx.execute(f"drop index if exists raw.{_index_name('events', columns)}")
        try:
            yield
        finally:
            if is_first_load:
                with self.transaction() as tx:
                    for columns in EVENT_TREES:
                        tx.execute(_create_index("events", columns))

    @contextmanager
    def lock(self, wait_seconds: float, on_wait: Callable[[str], None] = lambda holder: None) -> Iterator[None]:
        with _reachable(self):
            connection = psycopg2.connect(self._dsn, application_name=f"footfall run {_this_process()}")
        try:
            connection.autocommit = True
            cursor = connection.cursor()
            _wait_for_lock(cursor, wait_seconds, on_wait)
            cursor.execute(_END_ABANDONED_BUILDS, (BUILD_APPLICATION,))
            self.prepare()
            self._fencing_token = _next_token(cursor)
            yield
        finally:
            self._fencing_token = None
            # The server ends a closed connection when it comes to it; who asks next would still find the lock held.
            with suppress(psycopg2.Error), connection.cursor() as closing:
                closing.execute("select pg_advisory_unlock_all()")
            connection.close()

    def lock_holder(self) -> LockHolder | None:
        with self.transaction() as tx:
            held = tx.fetch(_LOCK_HOLDER, (RUN_LOCK >> 32, RUN_LOCK & 0xFFFFFFFF))
        if not held:
            return None
        backend, name, since = held[0]
        release = f"select pg_terminate_backend({backend})"
        words = f"{name.removeprefix('footfall run ')}, connected since {since:%Y-%m-%d %H:%M} UTC"
        return LockHolder(f"process {words}", _is_alive(name.rpartition(" ")[2]), release)

    def _check_fence(self, tx: Transaction) -> None:
        """Keep the next run from starting until the transaction ends, or see that it did start.

        The lock belongs to a connection, which may be cut while the run's other connections live on.
        """
        if tx.fetch("select token from ops.fence for share") != [(self._fencing_token,)]:
            raise LostLock("another run took over this warehouse; nothing was published, run again")

    def publish(self, marts: Sequence[Mart], run_id: str, fingerprint: str, as_of: date | None) -> Publication:
        if self._fencing_token is None:
            raise WarehouseError("only a run that holds the lock may publish: call publish within lock()")
        with self.transaction() as tx:
            # Nearly all rows are published already, and Postgres expects none to be left. Of 8.8 million steps one
            # statement had to be stopped after seven minutes; without nested loops the whole publication took 97 s.
            tx.execute("set local enable_nestloop = off")
            tx.execute(f"set local {BY_HASHING}")
            is_guarded = has_access(tx)
            present = set(published_tables(tx))
            changed = {mart.published: _replace_changed_rows(tx, mart) for mart in marts}
            for mart in marts if is_guarded else ():
                if mart.published not in present:
                    guard_table(tx, self._roles, mart.schema, mart.name)
            describe_and_index(tx, marts)
            publication_id = self.next_publication_id(tx)
            record_publication(tx, publication_id, run_id, fingerprint, as_of)
        return Publication(publication_id, run_id, changed)

    def scrub(self) -> list[str]:
        """VACUUM leaves bytes of the rows it removes on their pages (measured), so tables are written anew in full.

        The planner's statistics hold values of columns: they are cleared, for ANALYZE keeps those of a table that is
        empty now, and their own table is written anew last.
        """
        with _reachable(self):
            connection = psycopg2.connect(self._dsn, application_name="footfall scrub")
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(_TABLES_OF_PEOPLE)
                tables = [table for (table,) in cursor.fetchall()]
                cursor.execute(f"set lock_timeout = '{LOCK_TIMEOUT}'")
                is_seen = not _wait_for_snapshots(cursor)
                if connection.server_version >= CLEARS_STATISTICS:
                    cursor.execute(_CLEAR_STATISTICS, (tables,))
                held = [table for table in [*tables, "pg_catalog.pg_statistic"] if not _write_anew(cursor, table)]
        finally:
            connection.close()
        done = [f"{len(tables) + 1 - len(held)} tables were written anew (VACUUM FULL)"]
        if connection.server_version < CLEARS_STATISTICS:
            done.append(
                "the planner's statistics of tables that are empty now may hold keys: clear them with a newer server"
            )
        if is_seen:
            done.append("a session still sees the rows as they were: they leave bytes until VACUUM FULL after its end")
        return [*done, *(f"{table}: held by a reader, so deleted rows leave bytes until VACUUM FULL" for table in held)]

    def next_publication_id(self, tx: Transaction) -> int:
        return tx.fetch("select coalesce(max(publication_id), 0) + 1 from ops.publications")[0][0]

    def has_publication(self) -> bool:
        with self.transaction() as tx:
            return tx.fetch("select count(*) from ops.publications")[0][0] > 0

    def publication(self) -> tuple[int, str]:
        with self.published() as tx:
            return tx.fetch(NEWEST_PUBLICATION)[0]

    @contextmanager
    def published(self) -> Iterator[Transaction]:
        with _reachable(self):
            connection = psycopg2.connect(self._dsn, application_name="footfall reader")
        try:
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            with connection.cursor() as cursor:
                cursor.execute("select to_regclass('ops.publications') is not null")
                if cursor.fetchone()[0]:
                    cursor.execute("select exists (select from ops.publications)")
                if not cursor.fetchone()[0]:
                    raise WarehouseError(NOTHING_PUBLISHED)
                cursor.execute(f"set local search_path to {MARTS_SCHEMA}")
                yield PublishedReader(cursor)
        finally:
            connection.close()

    def read(self, sql: str) -> Result:
        with self.published() as reader:
            self._refuse_several_statements(sql)
            cursor = reader._cursor
            cursor.execute(sql)
            columns = tuple(column.name for column in cursor.description or ())
            return Result(columns, cursor.fetchall() if columns else [])

    def _refuse_several_statements(self, sql: str) -> None:
        """Let the server parse it as one statement: `commit; delete …` would leave the read-only transaction."""
        with adbc.connect(self._dsn) as connection, connection.cursor() as cursor:
            cursor.execute(f"set local search_path to {MARTS_SCHEMA}")
            cursor.adbc_prepare(sql)

    def set_up_access(self, reader: Reader | None = None) -> None:
        """Create the roles of warehouse.access and their rights, or bring them up to date, and one who logs in."""
        self.prepare()
        verifier = None
        if reader and reader.password:
            with _reachable(self), psycopg2.connect(self._dsn) as connection:
                # The server gets a verifier: a statement with the password itself could stand in its log.
                verifier = psycopg2.extensions.encrypt_password(
                    reader.password, reader.role, connection, "scram-sha-256"
                )
            connection.close()
        with self.transaction() as tx:
            set_up_access(tx, self._roles)
            if reader:
                add_login(tx, self._roles, reader, verifier)

    def back_up(self, folder: Path) -> None:
        dump(self._dsn, folder / DUMP)

    def restore(self, folder: Path) -> None:
        self.discard()
        restore(self._dsn, folder / DUMP)

    def restore_publication(self, folder: Path, publication_id: int) -> None:
        """It came with the rest."""

    def discard(self) -> None:
        with self.transaction() as tx:
            for (schema,) in tx.fetch(f"select nspname from pg_namespace where nspname in {_OWN_SCHEMAS}"):
                tx.execute(f"drop schema {schema} cascade")
        self._fencing_token = None  # the fence went too; the lock itself is no table

    def dbt_environment(self) -> dict[str, str]:
        parts = urlsplit(self._dsn)
        return {
            "FOOTFALL_POSTGRES_HOST": parts.hostname or "127.0.0.1",
            "FOOTFALL_POSTGRES_PORT": str(parts.port or 5432),
            "FOOTFALL_POSTGRES_USER": unquote(parts.username or ""),
            "FOOTFALL_POSTGRES_PASSWORD": unquote(parts.password or ""),
            "FOOTFALL_POSTGRES_DATABASE": parts.path.lstrip("/"),
            "FOOTFALL_POSTGRES_SSLMODE": dict(parse_qsl(parts.query)).get("sslmode", "prefer"),
            "PGOPTIONS": f"{DBT_OPTIONS} {os.environ.get('PGOPTIONS', '')}".rstrip(),
        }


@contextmanager
def _reachable(warehouse: PostgresWarehouse) -> Iterator[None]:
    """Turn what only the server's keeper can mend into words that say so and hold no password."""
    try:
        yield
    except (psycopg2.OperationalError, adbc.OperationalError) as error:
        words = str(error).strip().splitlines()[0].replace(warehouse._dsn, "the DSN")
        password = urlsplit(warehouse._dsn).password
        words = words.replace(password, "…") if password else words
        state = getattr(error, "pgcode", None) or getattr(error, "sqlstate", None)
        raise WarehouseError(f"{warehouse!r}: {words}. {_advice(state or '', words)}") from None


def _advice(state: str, words: str) -> str:
    """state: the SQLSTATE (Postgres documentation, appendix A), or nothing when the server did not answer."""
    if state == "53100" or tells_of_full_disk(words):
        return SERVER_DISK_FULL.capitalize() + "."
    if state.startswith("28") or "authentication failed" in words:
        return "Check user and password in FOOTFALL_POSTGRES_DSN."
    if state == "3D000" or re.search('database ".*" does not exist', words):
        return "Check the database in FOOTFALL_POSTGRES_DSN, or create it."
    if state and not state.startswith(("08", "57P", "53")):
        return "Look at the server's log, and run again when the cause is mended."
    return "See that the server is up and reachable, and run again: what was not committed was rolled back."


CLEARS_STATISTICS = 18_00_00  # the first server version that has pg_clear_attribute_stats
_CLEAR_STATISTICS = """
select pg_clear_attribute_stats(schemaname, tablename, attname, inherited)
from pg_stats
where format('%%I.%%I', schemaname, tablename) = any(%s)
"""
# Tables that hold rows of people, by the columns that such rows have.
_TABLES_OF_PEOPLE = """
select distinct format('%I.%I', columns.table_schema, columns.table_name)
from information_schema.columns
inner join information_schema.tables using (table_schema, table_name)
where tables.table_type = 'BASE TABLE'
    and columns.table_schema not in ('pg_catalog', 'information_schema')
    and columns.column_name in ('user_key', 'session_id', 'attributes', 'value_text', 'payload')
order by 1
"""


def _wait_for_snapshots(cursor: psycopg2.extensions.cursor) -> bool:
    """Whether no other session sees rows any more that are deleted by now; VACUUM keeps those, in full or not.

    Dashboards in one long transaction do, and so does the server's own ANALYZE while it runs.
    """
    cursor.execute("select cast(pg_current_xact_id() as xid)")
    now = cursor.fetchone()[0]
    for _ in range(LOCK_ATTEMPTS):
        cursor.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            " and age(backend_xmin) > age(cast(%s as xid))",
            (str(now),),
        )
        if cursor.fetchone()[0] == 0:
            return True
        time.sleep(LOCK_PAUSE_SECONDS)
    return False


def _write_anew(cursor: psycopg2.extensions.cursor, table: str) -> bool:
    """False when readers held the table all the time; then its dead rows are only marked as free."""
    for _ in range(LOCK_ATTEMPTS):
        try:
            cursor.execute(f"vacuum (full, analyze) {table}")
            return True
        except psycopg2.errors.LockNotAvailable:
            time.sleep(LOCK_PAUSE_SECONDS)
    cursor.execute(f"vacuum (analyze) {table}")
    return False


# Advisory locks with a key of 64 bits (Postgres documentation, pg_locks).
_LOCK_HOLDER = """
select activity.pid, activity.application_name, activity.backend_start at time zone 'UTC'
from pg_locks as locks
inner join pg_stat_activity as activity on activity.pid = locks.pid
where locks.locktype = 'advisory'
    and locks.granted
    and locks.objsubid = 1
    and activity.datname = current_database()
    and cast(locks.classid as bigint) = $1
    and cast(locks.objid as bigint) = $2
"""


def _this_process() -> str:
    return f"{os.getpid()}@{socket.gethostname()[:30]}"


def _is_alive(process: str) -> bool | None:
    """process: as `_this_process` writes it. None: it runs on another machine."""
    number, _, host = process.partition("@")
    if host != socket.gethostname()[:30] or not number.isdigit():
        return None
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _next_token(cursor: psycopg2.extensions.cursor) -> int:
    """One more than the token of the run before; each step is one statement, so a crash cannot set it back."""
    cursor.execute("insert into ops.fence (token) select 0 where not exists (select from ops.fence)")
    cursor.execute("update ops.fence set token = token + 1 returning token")
    return cursor.fetchone()[0]


def _create_index(table: str, columns: tuple[str, ...]) -> str:
    """Rows of one load lie together, so a block range index finds them at almost no cost; other lookups want a tree."""
    method = "brin" if columns == ("load_id",) else "btree"
    return (
        f"create index if not exists {_index_name(table, columns)} on raw.{table} using {method} ({', '.join(columns)})"
    )


def _index_name(table: str, columns: tuple[str, ...]) -> str:
    return f"{table}_{'_'.join(columns)}"


def _wait_for_lock(cursor: Any, wait_seconds: float, on_wait: Callable[[str], None]) -> None:
    deadline = time.monotonic() + wait_seconds
    told = False
    while True:
        cursor.execute("select pg_try_advisory_lock(%s)", (RUN_LOCK,))
        if cursor.fetchone()[0]:
            return
        if time.monotonic() >= deadline:
            raise LockTimeout(
                "another run holds this warehouse; try again when it has ended, or raise FOOTFALL_LOCK_WAIT_SECONDS"
            )
        if not told:
            on_wait("another process")
            told = True
        time.sleep(0.2)


def _replace_changed_rows(tx: Transaction, mart: Mart) -> int:
    """Bring `marts` in line with `candidate`, touching only the rows that differ; returns rows deleted or inserted."""
    candidate, published = mart.candidate, mart.published
    columns = _fit_columns(tx, mart)
    names = ", ".join(f'"{column}"' for column in columns)
    same_key = " and ".join(f"new_rows.{column} = old_rows.{column}" for column in mart.key)
    new_values = ", ".join(f'new_rows."{column}"' for column in columns)
    old_values = ", ".join(f'old_rows."{column}"' for column in columns)
    deleted = tx.fetch(
        f"with deleted as (delete from {published} as old_rows where not exists ("
        f"select 1 from {candidate} as new_rows "
        f"where {same_key} and row({new_values}) is not distinct from row({old_values})"
        ") returning 1) select count(*) from deleted"
    )[0][0]
    inserted = tx.fetch(
        f"with inserted as (insert into {published} ({names}) select {new_values} from {candidate} as new_rows "
        f"where not exists (select 1 from {published} as old_rows where {same_key}) returning 1) "
        "select count(*) from inserted"
    )[0][0]
    return deleted + inserted


# Tables and indexes that Footfall itself may have made, as schema.name.
_OWN_RELATIONS = """
select nspname || '.' || relname
from pg_class
inner join pg_namespace on pg_namespace.oid = relnamespace
where nspname in ('raw', 'ops')
"""

# Names and types of a relation's columns, in their order.
_COLUMNS = """
select attname, format_type(atttypid, atttypmod)
from pg_attribute
inner join pg_class on pg_class.oid = attrelid
inner join pg_namespace on pg_namespace.oid = relnamespace
where nspname = $1
    and relname = $2
    and attnum > 0
    and not attisdropped
order by attnum
"""


def _fit_columns(tx: Transaction, mart: Mart) -> list[str]:
    """Create the published table, or alter it when a new version gave it other columns; returns their names."""
    table = mart.published
    wanted = tx.fetch(_COLUMNS, (CANDIDATES[mart.schema], mart.name))
    present = tx.fetch(_COLUMNS, (mart.schema, mart.name))
    key = ", ".join(mart.key)
    if not present:
        tx.execute(f"create table {table} (like {mart.candidate}, primary key ({key}))")
    elif set(wanted) != set(present):
        # Rare (a new version), and every row changes with it; grants and comments of the table stay.
        tx.execute(f"delete from {table}")
        for name, _ in set(present) - set(wanted):
            tx.execute(f'alter table {table} drop column "{name}"')
        for name, kind in wanted:
            if (name, kind) not in present:
                tx.execute(f'alter table {table} add column "{name}" {kind}')
        tx.execute(f"alter table {table} drop constraint if exists {mart.name}_pkey")
        tx.execute(f"alter table {table} add constraint {mart.name}_pkey primary key ({key})")
    return [name for name, _ in wanted]
