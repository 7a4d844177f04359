"""DuckDB: the embedded default. One working file, one file a publication, and a pointer readers resolve.

<home>/duckdb/warehouse.duckdb          raw, staging, intermediate, candidate, ops
<home>/published/footfall-000012.duckdb marts and ops.publications, never written again
<home>/published/footfall.duckdb        symbolic link to the newest of them, replaced atomically
"""

import fcntl
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from warehouse.base import (
    MARTS_SCHEMA,
    NEWEST_PUBLICATION,
    NOTHING_PUBLISHED,
    OPS_SCHEMA,
    RAW_SCHEMA,
    SAFE_SCHEMA,
    LockHolder,
    LockTimeout,
    Mart,
    Publication,
    Result,
    Transaction,
    Warehouse,
    WarehouseError,
)
from warehouse.catalogue import comment_statements
from warehouse.disk import disk_words
from warehouse.owner_only import make_private
from warehouse.publications import record_publication
from warehouse.tables import COLUMNS_PRESENT, TABLES, add_columns, create_table

TYPES = {"text": "varchar"}
PUBLISHED_FILE = re.compile(r"footfall-(\d{6,})\.duckdb")
# Names of the two files in a backup.
WORKING_COPY = "warehouse.duckdb"
PUBLISHED_COPY = "published.duckdb"
# A reader resolves the pointer and then opens the file; a file this young may be between the two.
GRACE_SECONDS = 60.0
CONNECT_SECONDS = 15.0
# Every checkpoint writes the table's last row group anew: loads that follow each other share one.
CHECKPOINT_THRESHOLD = "256MB"
_LAST_PUBLICATION_ID = f"select coalesce(max(publication_id), 0) from {OPS_SCHEMA}.publications"
# A reader sees the published file and nothing else of the machine, and cannot change that.
READER_CONFIG = {"enable_external_access": "false", "lock_configuration": "true"}


class DuckDBTransaction(Transaction):
    """A transaction of a DuckDB connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        self._connection.execute(sql, list(parameters) or None)

    def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple]:
        return self._connection.execute(sql, list(parameters) or None).fetchall()

    def append(self, table: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        self._connection.register("appended_rows", rows)
        try:
            self._connection.execute(f"insert into {table} by name select * from appended_rows")
        finally:
            self._connection.unregister("appended_rows")


class DuckDBWarehouse(Warehouse):
    """The warehouse in files under `home`.

    Args:
        home: the folder that holds everything a run writes.
        memory_limit: as DuckDB spells it, for example `3GB`.
        threads: None: all cores.
    """

    engine = "duckdb"

    def __init__(self, home: Path, memory_limit: str = "3GB", threads: int | None = None) -> None:
        self._working_file = home / "duckdb" / "warehouse.duckdb"
        self._spill_folder = home / "duckdb" / "spill"
        self._published_folder = home / "published"
        self._pointer = self._published_folder / "footfall.duckdb"
        self._lock_file = home / "duckdb" / "run.lock"
        self._memory_limit = memory_limit
        self._threads = threads or os.cpu_count()
        self._newest: tuple[tuple[int, int, int], tuple[int, str]] | None = None

    def prepare(self) -> None:
        for folder in (self._working_file.parent, self._published_folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_private(folder)
        for _, path in self._published_files():
            make_private(path)
        with self.transaction() as tx:
            for schema in (RAW_SCHEMA, OPS_SCHEMA):
                tx.execute(f"create schema if not exists {schema}")
            for name in TABLES:
                tx.execute(create_table(name, TYPES))
            for statement in add_columns(set(tx.fetch(COLUMNS_PRESENT)), TYPES):
                tx.execute(statement)
        make_private(self._working_file)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._writing():
            connection = self._connect()
            try:
                connection.execute("begin")
                try:
                    yield DuckDBTransaction(connection)
                    connection.execute("commit")
                except BaseException:
                    with suppress(duckdb.Error):
                        connection.execute("rollback")
                    raise
            finally:
                connection.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Turn the errors of a full disk into words that say so."""
        try:
            yield
        except (duckdb.Error, OSError) as error:
            if words := disk_words(error, self._working_file.parent):
                raise WarehouseError(words) from None
            raise

    @contextmanager
    def session(self) -> Iterator[None]:
        """Connections to one file share one instance, and the file is written anew when the last of them is closed."""
        with self._connect():
            yield

    @contextmanager
    def lock(self, wait_seconds: float, on_wait: Callable[[str], None] = lambda holder: None) -> Iterator[None]:
        self._lock_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(self._lock_file, "a+") as lock:
            deadline = time.monotonic() + wait_seconds
            told = False
            while not _try_lock(lock.fileno()):
                lock.seek(0)
                holder = f"process {lock.read().strip() or 'unknown'}"
                if time.monotonic() >= deadline:
                    raise LockTimeout(
                        f"another run ({holder}) holds {self._lock_file}; "
                        "try again when it has ended, or raise FOOTFALL_LOCK_WAIT_SECONDS"
                    )
                if not told:
                    on_wait(holder)
                    told = True
                time.sleep(0.2)
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            try:
                self.prepare()
                self._remove_unfinished()
                yield
            finally:
                lock.truncate(0)

    def lock_holder(self) -> LockHolder | None:
        """The kernel frees the lock of a process that dies, whose number then stays in the file."""
        if not self._lock_file.exists():
            return None
        with open(self._lock_file) as lock:
            process = lock.read().strip()
            is_free = _try_lock(lock.fileno())
        if is_free:
            return LockHolder(f"process {process}", is_alive=False) if process else None
        return LockHolder(f"process {process or 'unknown'}", is_alive=True)

    def publish(self, marts: Sequence[Mart], run_id: str, fingerprint: str, as_of: date | None) -> Publication:
        with self._writing(), self._connect() as connection:
            connection.execute("begin")
            tx = DuckDBTransaction(connection)
            publication_id = self.next_publication_id(tx)
            record_publication(tx, publication_id, run_id, fingerprint, as_of)
            history = connection.sql(f"select * from {OPS_SCHEMA}.publications").to_arrow_table()
            new_file = self._published_folder / f"footfall-{publication_id:06d}.duckdb"
            with _attached(connection, new_file) as writer:
                changed = _copy_marts(writer, marts, history)
            # Pointer first, then commit: a crash between the two leaves the work pending, and publishing it again is
            # harmless; the other order could lose it.
            self._point_to(new_file)
            connection.execute("commit")
        self._remove_old_files()
        return Publication(publication_id, run_id, changed)

    def scrub(self) -> list[str]:
        """DELETE leaves bytes in a database file, and so does CHECKPOINT: only a copy holds nothing but the rows.

        A publication that a reader holds goes too: they read on from the file without a name, until they close it.
        """
        copy = self._working_file.with_name("copy.duckdb")
        copy.unlink(missing_ok=True)
        with self._connect() as connection:
            name = connection.execute("select current_database()").fetchone()[0]
            with _attached(connection, copy, "fresh") as writer:
                writer.execute(f'copy from database "{name}" to fresh')
        shutil.copymode(self._working_file, copy)
        _sync_file(copy)
        os.replace(copy, self._working_file)
        _sync_folder(self._working_file.parent)
        shutil.rmtree(self._spill_folder, ignore_errors=True)
        newest = self._pointer.resolve()
        earlier = [path for _, path in self._published_files() if path != newest]
        for path in earlier:
            path.unlink()
        _sync_folder(self._published_folder)
        return ["the warehouse file was written anew", f"{len(earlier)} earlier publications were removed"]

    def next_publication_id(self, tx: Transaction) -> int:
        # A publication that a crash kept from being recorded has its file all the same.
        return max(tx.fetch(_LAST_PUBLICATION_ID)[0][0], *(number for number, _ in self._published_files()), 0) + 1

    def has_publication(self) -> bool:
        return self._pointer.exists()

    def publication(self) -> tuple[int, str]:
        """A published file is never written again, and opening one takes tens of milliseconds: each is opened once."""
        try:
            status = self._pointer.stat()
        except FileNotFoundError:
            raise WarehouseError(NOTHING_PUBLISHED) from None
        file = (status.st_dev, status.st_ino, status.st_mtime_ns)
        newest = self._newest
        if newest is None or newest[0] != file:
            with self.published() as tx:
                newest = self._newest = (file, tx.fetch(NEWEST_PUBLICATION)[0])
        return newest[1]

    @contextmanager
    def published(self) -> Iterator[Transaction]:
        connection = self._open_published()
        try:
            yield DuckDBTransaction(connection)
        finally:
            connection.close()

    def read(self, sql: str) -> Result:
        with self._open_published() as connection:
            answer = connection.execute(sql)
            return Result(tuple(column[0] for column in answer.description or ()), answer.fetchall())

    def back_up(self, folder: Path) -> None:
        # No other process can open the file while this connection is, so the copy is of one moment.
        with self._connect() as connection:
            connection.execute("force checkpoint")
            shutil.copyfile(self._working_file, folder / WORKING_COPY)
        if self.has_publication():
            shutil.copyfile(self._pointer.resolve(), folder / PUBLISHED_COPY)

    def restore(self, folder: Path) -> None:
        self.discard()
        _copy_whole(folder / WORKING_COPY, self._working_file)

    def restore_publication(self, folder: Path, publication_id: int) -> None:
        file = self._published_folder / f"footfall-{publication_id:06d}.duckdb"
        _copy_whole(folder / PUBLISHED_COPY, file)
        self._point_to(file)

    def discard(self) -> None:
        self._pointer.unlink(missing_ok=True)
        for _, path in self._published_files():
            path.unlink()
        for file in (self._working_file, self._working_file.with_name(self._working_file.name + ".wal")):
            file.unlink(missing_ok=True)

    def dbt_environment(self) -> dict[str, str]:
        return {
            "FOOTFALL_DUCKDB_PATH": str(self._working_file),
            "FOOTFALL_DUCKDB_MEMORY_LIMIT": self._memory_limit,
            "FOOTFALL_DUCKDB_THREADS": str(self._threads),
            "FOOTFALL_DUCKDB_SPILL": str(self._spill_folder),
        }

    def _connect(self) -> duckdb.DuckDBPyConnection:
        """The working file, which one process at a time can hold; short looks such as doctor's are waited out."""
        deadline = time.monotonic() + CONNECT_SECONDS
        while True:
            try:
                return duckdb.connect(
                    self._working_file,
                    config={
                        "memory_limit": self._memory_limit,
                        "threads": self._threads,
                        "temp_directory": str(self._spill_folder),
                        "preserve_insertion_order": False,
                        "checkpoint_threshold": CHECKPOINT_THRESHOLD,
                    },
                )
            except duckdb.IOException as error:
                if "lock" not in str(error):
                    raise
                if time.monotonic() >= deadline:
                    raise WarehouseError(
                        f"{self._working_file} is in use, most likely by a run in progress: wait for its end, "
                        "or close the program that has the file open"
                    ) from None
                time.sleep(0.2)

    def _open_published(self) -> duckdb.DuckDBPyConnection:
        for attempt in range(5):
            try:
                # Resolved first: DuckDB shares one instance a path, and would go on showing the file opened before.
                connection = duckdb.connect(self._pointer.resolve(strict=True), read_only=True, config=READER_CONFIG)
                connection.execute(f"set schema = '{MARTS_SCHEMA}'")
                return connection
            except FileNotFoundError:
                break
            except duckdb.IOException:
                if attempt == 4:
                    raise
        raise WarehouseError(NOTHING_PUBLISHED)

    def _published_files(self) -> list[tuple[int, Path]]:
        """Every publication's number and file, oldest first."""
        found = [(PUBLISHED_FILE.fullmatch(path.name), path) for path in self._published_folder.iterdir()]
        return sorted((int(match.group(1)), path) for match, path in found if match)

    def _point_to(self, file: Path) -> None:
        _sync_file(file)
        staged = self._pointer.with_suffix(".next")
        staged.unlink(missing_ok=True)
        staged.symlink_to(file.name)
        os.replace(staged, self._pointer)
        _sync_folder(self._published_folder)

    def _remove_unfinished(self) -> None:
        """What a run that was killed left: rows it sorted on disk, and a publication that no reader was ever shown."""
        shutil.rmtree(self._spill_folder, ignore_errors=True)
        self._pointer.with_suffix(".next").unlink(missing_ok=True)
        shown = PUBLISHED_FILE.fullmatch(self._pointer.resolve().name)
        newest = int(shown.group(1)) if shown else 0
        for number, path in self._published_files():
            if number > newest:
                _remove_database(path)

    def _remove_old_files(self) -> None:
        """Remove publications that no reader can hold: not the newest, past the grace time, and not locked."""
        newest = self._pointer.resolve()
        for (_, path), (_, later) in pairwise(self._published_files()):
            is_settled = time.time() - later.stat().st_mtime > GRACE_SECONDS
            if path != newest and is_settled and not _is_read_by_others(path):
                path.unlink()


def _copy_marts(connection: duckdb.DuckDBPyConnection, marts: Sequence[Mart], history: pa.Table) -> dict[str, int]:
    """Write every mart and the list of publications to the attached new file; returns the rows written by mart."""
    for schema in (MARTS_SCHEMA, SAFE_SCHEMA):
        connection.execute(f"create schema publication.{schema}")
    connection.execute(f"create schema publication.{OPS_SCHEMA}")
    connection.register("history", history)
    connection.execute(f"create table publication.{OPS_SCHEMA}.publications as select * from history")
    written = {}
    for mart in marts:
        rows = connection.execute(
            f"create table publication.{mart.published} as "
            f"select * from {mart.candidate} order by {', '.join(mart.key)}"
        ).fetchone()
        written[mart.published] = rows[0]
    _comment(connection, marts)
    return written


def _comment(connection: duckdb.DuckDBPyConnection, marts: Sequence[Mart]) -> None:
    """In one transaction: 631 comments took 1 s so, and 15 s with a commit each."""
    connection.execute("begin")
    try:
        for mart in marts:
            table = f"publication.{mart.published}"
            for statement in comment_statements(mart, table, connection.table(table).columns).values():
                connection.execute(statement)
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


@contextmanager
def _attached(
    connection: duckdb.DuckDBPyConnection, file: Path, name: str = "publication"
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A second connection to the same warehouse that sees a new database file by this name; removed on failure."""
    _remove_database(file)
    quoted = str(file).replace("'", "''")
    with connection.cursor() as other:
        other.execute(f"attach '{quoted}' as {name}")
        make_private(file)
        try:
            yield other
        except BaseException:
            with suppress(duckdb.Error):
                other.execute(f"detach {name}")
            _remove_database(file)
            raise
        other.execute(f"detach {name}")


def _remove_database(file: Path) -> None:
    for path in (file, file.with_name(file.name + ".wal")):
        path.unlink(missing_ok=True)


def _copy_whole(source: Path, target: Path) -> None:
    """A copy that is there whole or not at all, for its owner alone."""
    partial = target.with_name(target.name + ".partial")
    shutil.copyfile(source, partial)
    make_private(partial)
    _sync_file(partial)
    os.replace(partial, target)


def _sync_file(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Let the renamed pointer survive a power loss: the commit that follows forgets the pending work."""
    _sync_file(folder)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_read_by_others(path: Path) -> bool:
    """Whether another process holds DuckDB's shared lock on the file."""
    with open(path, "rb+") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False
