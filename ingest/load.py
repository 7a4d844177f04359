"""Landing files into the warehouse: one transaction a file, so that rows and ledger appear together or not at all."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa

from ingest import ledger
from ingest.discover import DEFAULT_SETTLE_SECONDS, FileChanged, LandingFile, Note, discover, landing_root
from ingest.entities import (
    BIGINT,
    ENTITIES,
    EVENTS,
    FILES,
    LOADS,
    PENDING,
    REJECTED,
    SEGMENTS,
    TEXT,
    TIMESTAMP,
    Entity,
    RawTable,
)
from ingest.lines import CorruptFile
from ingest.load_report import FileResult, LoadReport
from ingest.privacy import DEFAULT_RULES, Keys, PrivacyRules
from ingest.read import DEFAULT_MAX_ROW_BYTES, Batch, Reader, Source
from ingest.replace import redate_rows, restore_repetitions
from ingest.unknown_fields import lines_of, rejected_segments

if TYPE_CHECKING:
    from warehouse.base import Transaction, Warehouse

_WAITING_AT_A_TIME = 50_000
_ARROW_TYPES = {TEXT: pa.string(), BIGINT: pa.int64(), TIMESTAMP: pa.timestamp("us")}


def load_landing(
    warehouse: "Warehouse",
    root: str | os.PathLike,
    keys: Keys,
    *,
    run_id: str,
    clock: datetime,
    privacy_rules: PrivacyRules = DEFAULT_RULES,
    on_progress: Callable[[FileResult], None] | None = None,
    max_row_bytes: int = DEFAULT_MAX_ROW_BYTES,
    settle_seconds: float = DEFAULT_SETTLE_SECONDS,
) -> LoadReport:
    """Load every file of the landing root that the ledger does not know.

    clock: the load's time, aware. on_progress: told each file's result. settle_seconds: see `discover`.
    A file that cannot be read is recorded as rejected, one that is still being written is left, and the run goes on.

    Raises LandingError when the landing root cannot be read, and whatever the warehouse raises.
    """
    started = time.monotonic()
    if privacy_rules.ip_salts:
        privacy_rules.ip_salts.destroy_expired(clock)
    with warehouse.transaction() as tx:
        known = ledger.known_files(tx, landing_root(root))
    discovery = discover(root, ENTITIES, known, settle_seconds)
    report = LoadReport(notes=list(discovery.notes))
    if not discovery.files:
        report.seconds = time.monotonic() - started
        return report
    with warehouse.session(), Reader(keys, clock, max_row_bytes, privacy_rules) as reader:
        for file in discovery.files:
            try:
                result = _load_file(warehouse, reader, file, _Load(file, landing_root(root), run_id, clock))
            except (FileChanged, OSError) as error:
                report.notes.append(Note(file.path, str(error)))
                continue
            report.files.append(result)
            if on_progress:
                on_progress(result)
    report.seconds = time.monotonic() - started
    return report


def load_within(
    tx: "Transaction", reader: Reader, file: LandingFile, *, root: str, run_id: str, clock: datetime, dated_at: datetime
) -> FileResult:
    """Load one file in the caller's transaction.

    dated_at: the load time (UTC, naive) that stands in for an absent updated_at; the file may have been loaded before.

    Raises CorruptFile, FileChanged or OSError when the file cannot be read: roll back.
    """
    started = time.monotonic()
    load = _Load(file, root, run_id, clock, dated_at)
    with file.opener() as local_path:
        result = load.take_in_once(tx, reader, local_path, _sha256(local_path))
    result.seconds = time.monotonic() - started
    return result


def _load_file(warehouse: "Warehouse", reader: Reader, file: LandingFile, load: "_Load") -> FileResult:
    started = time.monotonic()
    try:
        with warehouse.transaction() as tx, file.opener() as local_path:
            file_hash = _sha256(local_path)
            result = load.take_in_once(tx, reader, local_path, file_hash)
    except CorruptFile as error:
        # The rows that came before the damage were rolled back; the refusal is a transaction of its own.
        with warehouse.transaction() as tx:
            result = load.refuse(tx, file_hash, str(error))
    result.seconds = time.monotonic() - started
    return result


class _Load:
    """One load of one file: its rows and its ledger entries."""

    def __init__(
        self, file: LandingFile, root: str, run_id: str, clock: datetime, dated_at: datetime | None = None
    ) -> None:
        self.file = file
        self.root = root
        self.run_id = run_id
        self.clock = clock.astimezone(UTC).replace(tzinfo=None)
        self.dated_at = dated_at or self.clock
        self.started_at = datetime.now(UTC).replace(tzinfo=None)

    def take_in_once(self, tx: "Transaction", reader: Reader, local_path: str, file_hash: str) -> FileResult:
        """Take the file in, unless the ledger knows its content: then only its name is new."""
        known_load = ledger.load_of_content(tx, self.file.entity, file_hash)
        if known_load is None:
            return self.take_in(tx, reader, local_path, file_hash)
        self.record_file(tx, file_hash, known_load)
        name, size = self.file.entity.name, self.file.size
        return FileResult(self.file.path, name, "known", size_bytes=size, load_id=known_load)

    def take_in(self, tx: "Transaction", reader: Reader, local_path: str, file_hash: str) -> FileResult:
        entity = self.file.entity
        load_id = ledger.next_load_id(tx)
        source = Source(local_path, self.file.path, self.file.format, self.file.compression)
        intake = _Intake(entity, reader.read(entity, source, load_id))
        while not intake.is_done:
            intake.append_accepted(tx)
            intake.append_waiting(tx)
        accepted = intake.accepted
        conflicts = duplicates = waiting = 0
        if accepted and entity is EVENTS:
            duplicates, conflicts = ledger.count_repeated_events(tx, load_id)
        elif accepted and entity is SEGMENTS:
            duplicates, waiting = self._settle_segments(tx, reader.keys, load_id)
        elif accepted:
            duplicates = self._leave_out_repetitions(tx, load_id)
        result = FileResult(
            self.file.path,
            entity.name,
            "loaded",
            size_bytes=self.file.size,
            load_id=load_id,
            rows_read=intake.rows_read,
            loaded=accepted - duplicates - waiting,
            duplicates=duplicates,
            conflicts=conflicts,
            rejected=intake.rejected + waiting,
        )
        result.check()
        self._record_load(tx, result, file_hash, intake.bounds)
        self.record_file(tx, file_hash, load_id)
        if accepted:
            _append(tx, PENDING, {"load_id": load_id, "kind": "load", "touched_at": self.clock})
        return result

    def _settle_segments(self, tx: "Transaction", keys: Keys, load_id: int) -> tuple[int, int]:
        """(duplicates, rejected) of the accepted segments of the load: whose fields are unknown so far are rejected."""
        rejected = rejected_segments(tx, keys, load_id, self.file.path)
        for row in rejected.values():
            _append(tx, REJECTED, row)
        accepted = lines_of(tx, load_id) - rejected.keys()
        self._leave_out_repetitions(tx, load_id)
        return len(accepted - lines_of(tx, load_id)), len(rejected)

    def _leave_out_repetitions(self, tx: "Transaction", load_id: int) -> int:
        """The number of rows, of any entity but events, that change nothing and are not stored."""
        entity = self.file.entity
        if self.dated_at == self.clock:
            return ledger.remove_repeated_rows(tx, entity, load_id, self.clock)
        redate_rows(tx, entity, load_id, self.clock, self.dated_at)
        duplicates = ledger.remove_repeated_rows(tx, entity, load_id, self.dated_at)
        restore_repetitions(tx, entity, load_id)
        return duplicates

    def refuse(self, tx: "Transaction", file_hash: str, reason: str) -> FileResult:
        """Record that no row of the file was taken in, and why."""
        load_id = ledger.next_load_id(tx)
        name, size = self.file.entity.name, self.file.size
        result = FileResult(self.file.path, name, "rejected", reason=reason, size_bytes=size, load_id=load_id)
        self._record_load(tx, result, file_hash, [])
        self.record_file(tx, file_hash, load_id)
        whole_file = {"load_id": load_id, "entity": name, "path": self.file.path, "reason": "corrupt_file"}
        _append(tx, REJECTED, {**whole_file, "byte_length": size})
        return result

    def record_file(self, tx: "Transaction", file_hash: str, load_id: int) -> None:
        """Remember the file by its name, so that it is not opened again."""
        file = self.file
        entry = {"landing_root": self.root, "path": file.path, "size_bytes": file.size, "modified_ns": file.modified}
        _append(tx, FILES, {**entry, "file_hash": file_hash, "load_id": load_id, "dated_at": self.dated_at})

    def _record_load(self, tx: "Transaction", result: FileResult, file_hash: str, bounds: list[datetime]) -> None:
        entry = {name: getattr(result, name) for name in LOADS.column_names if hasattr(result, name)}
        entry |= {"run_id": self.run_id, "file_hash": file_hash, "started_at": self.started_at, "loaded_at": self.clock}
        if bounds:
            entry |= {"min_created_at": min(bounds), "max_created_at": max(bounds)}
        _append(tx, LOADS, entry)


class _Intake:
    """The rows of one file on their way: the warehouse draws the accepted ones as they are read.

    One statement a file lets the engine write whole row groups while the next rows are read; a statement a batch was
    measured to write half as much again.
    """

    def __init__(self, entity: Entity, batches: Iterator[Batch]) -> None:
        self.rows_read = self.accepted = self.rejected = 0
        self.bounds: list[datetime] = []
        self.is_done = False
        self._entity = entity
        self._batches = batches
        self._waiting: dict[str, list[pa.Table]] = {}
        self._error: Exception | None = None

    def append_accepted(self, tx: "Transaction") -> None:
        """Append rows until the file ends, or so many others came up meanwhile that they should not wait longer."""
        drawn = self._draw()
        first = next(drawn, None)
        if first is None:
            return
        table = self._entity.table.qualified_name
        try:
            tx.append(table, pa.RecordBatchReader.from_batches(first.schema, chain([first], drawn)))
        except Exception:
            # The engine hands an exception of the reader on as text of its own.
            if self._error:
                raise self._error from None
            raise

    def append_waiting(self, tx: "Transaction") -> None:
        """Append the rejected rows and the parts of documents that came up meanwhile."""
        for name, tables in self._waiting.items():
            tx.append(name, pa.concat_tables(tables))
        self._waiting = {}

    def _draw(self) -> Iterator[pa.RecordBatch]:
        waiting = 0
        try:
            for batch in self._batches:
                self._count(batch)
                waiting += self._keep(REJECTED, batch.rejected)
                if batch.exploded is not None:
                    waiting += self._keep(self._entity.exploded, batch.exploded)
                yield from batch.accepted.to_batches()
                if waiting >= _WAITING_AT_A_TIME:
                    return
        except Exception as error:
            self._error = error
            raise
        self.is_done = True

    def _count(self, batch: Batch) -> None:
        self.rows_read += batch.rows_read
        self.accepted += batch.accepted.num_rows
        self.rejected += batch.rejected.num_rows
        if self._entity is EVENTS and batch.accepted.num_rows:
            times = batch.accepted["created_at"].to_numpy()
            self.bounds += [times.min().item(), times.max().item()]

    def _keep(self, table: RawTable, rows: pa.Table) -> int:
        if rows.num_rows:
            self._waiting.setdefault(table.qualified_name, []).append(rows)
        return rows.num_rows


def _append(tx: "Transaction", table: RawTable, row: dict[str, object]) -> None:
    """One row; columns that are not named are null. Typed, so that every engine knows the type of a null."""
    arrays = {name: pa.array([row.get(name)], _ARROW_TYPES[kind]) for name, kind in table.columns}
    tx.append(table.qualified_name, pa.table(arrays))


def _sha256(path: str) -> str:
    with open(path, "rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
