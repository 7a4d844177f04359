"""Landing files into the warehouse: rows and ledger appear together or not at all.

Event files share a transaction with their neighbours while they are small, for what a file costs by itself (a search
for repeated ids, a commit) was two thirds of the time of loading half a year of daily files. Any other file, and each
of a group of which one cannot be read, has a transaction of its own.
"""

import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa

from ingest import ledger
from ingest.consent import enforce_consent
from ingest.discover import DEFAULT_SETTLE_SECONDS, FileChanged, LandingFile, Note, discover, landing_root
from ingest.entities import (
    BIGINT,
    ENTITIES,
    ERASURES,
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
from ingest.erase import carry_out_requests
from ingest.lines import CorruptFile
from ingest.load_report import FileResult, LoadReport
from ingest.policies import NO_POLICY, ConsentPolicy, policies_of
from ingest.privacy import DEFAULT_RULES, Keys, PrivacyRules
from ingest.read import DEFAULT_MAX_ROW_BYTES, Batch, Reader, Source
from ingest.replace import redate_rows, restore_repetitions
from ingest.retention import KEEP_EVERYTHING, Retention, set_horizons
from ingest.unknown_fields import lines_of, rejected_segments

if TYPE_CHECKING:
    from warehouse.base import Transaction, Warehouse

_WAITING_AT_A_TIME = 50_000
# A crash costs at most a group that is loaded again.
_GROUP_BYTES = 1024 * 1024 * 1024
_GROUP = 500
_UNPACKED = 10
_HASHED_AT_A_TIME = 2
_ARROW_TYPES = {TEXT: pa.string(), BIGINT: pa.int64(), TIMESTAMP: pa.timestamp("us")}


def load_landing(
    warehouse: "Warehouse",
    root: str | os.PathLike,
    keys: Keys,
    *,
    run_id: str,
    clock: datetime,
    consent_policy: ConsentPolicy = NO_POLICY,
    retention: Retention = KEEP_EVERYTHING,
    privacy_rules: PrivacyRules = DEFAULT_RULES,
    on_progress: Callable[[FileResult], None] | None = None,
    max_row_bytes: int = DEFAULT_MAX_ROW_BYTES,
    settle_seconds: float = DEFAULT_SETTLE_SECONDS,
    deletes_landing: bool = False,
) -> LoadReport:
    """Load every file of the landing root that the ledger does not know.

    clock: the load's time, aware. on_progress: told each file's result. settle_seconds: see `discover`.
    consent_policy: events are held to it, those that are stored already too, before new ones are loaded.
    retention: how old events may be that are loaded; those that are stored are left to a purge.
    deletes_landing: whether those who are to be erased are to leave the landing files too, once it is published.
    A file that cannot be read is recorded as rejected, one that is still being written is left, and the run goes on.

    Raises LandingError when the landing root cannot be read, and whatever the warehouse raises.
    """
    started = time.monotonic()
    with warehouse.transaction() as tx:
        known = ledger.known_files(tx, landing_root(root))
    discovery = discover(root, ENTITIES, known, settle_seconds)
    report = LoadReport(notes=list(discovery.notes))
    new_reader = Reader(keys, clock, max_row_bytes, privacy_rules) if discovery.files else nullcontext()
    with warehouse.session(), new_reader as reader:
        for entity in ENTITIES:
            files = [file for file in discovery.files if file.entity is entity]
            if not files and entity not in (ERASURES, EVENTS):
                continue
            with warehouse.transaction() as tx:
                if entity is EVENTS:
                    set_horizons(tx, retention, clock)
                    report.withdrawn = enforce_consent(tx, consent_policy, run_id, utc_naive(clock))
                if files:
                    reader.adopt(policies_of(tx, entity))
            loads = [_Load(file, landing_root(root), run_id, clock) for file in files]
            for group in _groups(loads):
                for result in _load_group(warehouse, reader, group):
                    if isinstance(result, Note):
                        report.notes.append(result)
                        continue
                    report.files.append(result)
                    if on_progress:
                        on_progress(result)
            if entity is ERASURES:
                report.erased = carry_out_requests(warehouse, run_id, utc_naive(clock), deletes_landing=deletes_landing)
    report.seconds = time.monotonic() - started
    return report


def load_within(
    tx: "Transaction", reader: Reader, file: LandingFile, *, root: str, run_id: str, clock: datetime, dated_at: datetime
) -> FileResult:
    """Load one file in the caller's transaction.

    reader: has adopted the policies of the file's entity.
    dated_at: the load time (UTC, naive) that stands in for an absent updated_at; the file may have been loaded before.

    Raises CorruptFile, FileChanged or OSError when the file cannot be read: roll back.
    """
    load = _Load(file, root, run_id, clock, dated_at)
    with ExitStack() as copies:
        _open([load], copies)
        return _take_in(tx, reader, [load])[0]


def _groups(loads: "Sequence[_Load]") -> "Iterator[list[_Load]]":
    """The loads in their order, those of small event files several at a time."""
    group: list[_Load] = []
    size = 0
    for load in loads:
        if group and (load.file.entity is not EVENTS or size + load.read_bytes > _GROUP_BYTES or len(group) >= _GROUP):
            yield group
            group, size = [], 0
        group.append(load)
        size += load.read_bytes
    if group:
        yield group


def _load_group(warehouse: "Warehouse", reader: Reader, group: "list[_Load]") -> Iterator[FileResult | Note]:
    """What became of each file. When one of several cannot be read, each is loaded by itself to see which it is."""
    if len(group) > 1:
        try:
            yield from _load_together(warehouse, reader, group)
            return
        except (CorruptFile, FileChanged, OSError):
            pass
    for load in group:
        try:
            yield from _load_together(warehouse, reader, [load])
        except CorruptFile as error:
            # The rows that came before the damage were rolled back; the refusal is a transaction of its own.
            with warehouse.transaction() as tx:
                yield load.refuse(tx, str(error))
        except (FileChanged, OSError) as error:
            yield Note(load.file.path, str(error))


def _load_together(warehouse: "Warehouse", reader: Reader, group: "list[_Load]") -> list[FileResult]:
    with warehouse.transaction() as tx, ExitStack() as copies:
        _open(group, copies)
        return _take_in(tx, reader, group)


def _open(loads: "list[_Load]", copies: ExitStack) -> None:
    """Have the files at hand, until `copies` is closed, and know their contents by their hashes."""
    for load in loads:
        load.local_path = copies.enter_context(load.file.opener())
    with ThreadPoolExecutor(_HASHED_AT_A_TIME) as threads:
        hashes = threads.map(ledger.sha256_of, [load.local_path for load in loads])
        for load, file_hash in zip(loads, hashes, strict=True):
            load.file_hash = file_hash


def _take_in(tx: "Transaction", reader: Reader, loads: "list[_Load]") -> list[FileResult]:
    """Take the opened files in; of one whose content the ledger knows only its name is new."""
    started = time.monotonic()
    entity = loads[0].file.entity
    load_ids = ledger.loads_of_contents(tx, entity, [load.file_hash for load in loads])
    next_load_id = ledger.next_load_id(tx)
    fresh: dict[int, _Load] = {}
    for load in loads:
        if load.file_hash not in load_ids:
            load_ids[load.file_hash] = next_load_id + len(fresh)
            fresh[load_ids[load.file_hash]] = load
    results = _take_in_fresh(tx, reader, entity, fresh) if fresh else {}
    _append(tx, FILES, [load.file_entry(load_ids[load.file_hash]) for load in loads])
    outcomes = []
    for load in loads:
        load_id = load_ids[load.file_hash]
        if fresh.get(load_id) is load:
            outcomes.append(results[load_id])
        else:
            size = load.file.size
            outcomes.append(FileResult(load.file.path, entity.name, "known", size_bytes=size, load_id=load_id))
        outcomes[-1].seconds = (time.monotonic() - started) / len(loads)
    return outcomes


def _take_in_fresh(
    tx: "Transaction", reader: Reader, entity: Entity, loads: "dict[int, _Load]"
) -> dict[int, FileResult]:
    """Results by load id."""
    intake = _Intake(entity, reader.read(entity, [(load.source, load_id) for load_id, load in loads.items()]))
    while not intake.is_done:
        intake.append_accepted(tx)
        intake.append_waiting(tx)
    repeated = ledger.count_repeated_events(tx, min(loads), max(loads)) if entity is EVENTS else {}
    results = {}
    for load_id, load in loads.items():
        counts = intake.counts[load_id]
        waiting = 0
        duplicates, conflicts = repeated.get(load_id, (0, 0))
        if counts.accepted and entity is SEGMENTS:
            duplicates, waiting = load.settle_segments(tx, reader.keys, load_id)
        elif counts.accepted and entity not in (EVENTS, ERASURES):
            duplicates = load.leave_out_repetitions(tx, load_id)
        results[load_id] = result = FileResult(
            load.file.path,
            entity.name,
            "loaded",
            size_bytes=load.file.size,
            load_id=load_id,
            rows_read=counts.rows_read,
            loaded=counts.accepted - duplicates - waiting,
            duplicates=duplicates,
            conflicts=conflicts,
            rejected=counts.rejected + waiting,
            **{f"dropped_{reason}": rows for reason, rows in counts.dropped.items()},
        )
        result.check()
    _append(tx, LOADS, [loads[load_id].entry(result, intake.counts[load_id]) for load_id, result in results.items()])
    pending = [
        {"load_id": load_id, "kind": "load", "touched_at": load.clock}
        for load_id, load in loads.items()
        if intake.counts[load_id].accepted
    ]
    if pending:
        _append(tx, PENDING, pending)
    # Postgres took 180 loads for three and looked for the rows of each in all of raw.events: a minute, not 4 s.
    for table in (LOADS, PENDING):
        tx.execute(f"analyze {table.qualified_name}")
    return results


class _Load:
    """One load of one file: its rows and its ledger entries. It is opened by `_open`."""

    local_path: str
    file_hash: str

    def __init__(
        self, file: LandingFile, root: str, run_id: str, clock: datetime, dated_at: datetime | None = None
    ) -> None:
        self.file = file
        self.root = root
        self.run_id = run_id
        self.clock = utc_naive(clock)
        self.dated_at = dated_at or self.clock
        self.started_at = datetime.now(UTC).replace(tzinfo=None)

    @property
    def read_bytes(self) -> int:
        """About how many bytes of lines the file holds."""
        return self.file.size * (_UNPACKED if self.file.compression or self.file.format == "parquet" else 1)

    @property
    def source(self) -> Source:
        return Source(self.local_path, self.file.path, self.file.format, self.file.compression)

    def settle_segments(self, tx: "Transaction", keys: Keys, load_id: int) -> tuple[int, int]:
        """(duplicates, rejected) of the accepted segments of the load: whose fields are unknown so far are rejected."""
        rejected = rejected_segments(tx, keys, load_id, self.file.path)
        if rejected:
            _append(tx, REJECTED, list(rejected.values()))
        accepted = lines_of(tx, load_id) - rejected.keys()
        self.leave_out_repetitions(tx, load_id)
        return len(accepted - lines_of(tx, load_id)), len(rejected)

    def leave_out_repetitions(self, tx: "Transaction", load_id: int) -> int:
        """The number of rows, of any entity but events, that change nothing and are not stored."""
        entity = self.file.entity
        if self.dated_at == self.clock:
            return ledger.remove_repeated_rows(tx, entity, load_id, self.clock)
        redate_rows(tx, entity, load_id, self.clock, self.dated_at)
        duplicates = ledger.remove_repeated_rows(tx, entity, load_id, self.dated_at)
        restore_repetitions(tx, entity, load_id)
        return duplicates

    def refuse(self, tx: "Transaction", reason: str) -> FileResult:
        """Record that no row of the file was taken in, and why."""
        load_id = ledger.next_load_id(tx)
        name, size = self.file.entity.name, self.file.size
        result = FileResult(self.file.path, name, "rejected", reason=reason, size_bytes=size, load_id=load_id)
        _append(tx, LOADS, [self.entry(result, _Counts())])
        _append(tx, FILES, [self.file_entry(load_id)])
        whole_file = {"load_id": load_id, "entity": name, "path": self.file.path, "reason": "corrupt_file"}
        _append(tx, REJECTED, [{**whole_file, "byte_length": size}])
        return result

    def file_entry(self, load_id: int) -> dict[str, object]:
        """The row of raw.files that remembers the file by its name, so that it is not opened again."""
        file = self.file
        entry = {"landing_root": self.root, "path": file.path, "size_bytes": file.size, "modified_ns": file.modified}
        return {**entry, "file_hash": self.file_hash, "load_id": load_id, "dated_at": self.dated_at}

    def entry(self, result: FileResult, counts: "_Counts") -> dict[str, object]:
        """The row of raw.loads."""
        entry = {name: getattr(result, name) for name in LOADS.column_names if hasattr(result, name)}
        entry |= {"run_id": self.run_id, "file_hash": self.file_hash}
        entry |= {"started_at": self.started_at, "loaded_at": self.clock}
        if counts.bounds:
            entry |= {"min_created_at": min(counts.bounds), "max_created_at": max(counts.bounds)}
        return entry


@dataclass
class _Counts:
    """Rows of one load. bounds: least and greatest created_at of each batch."""

    rows_read: int = 0
    accepted: int = 0
    rejected: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    bounds: list[datetime] = field(default_factory=list)


class _Intake:
    """The rows of some files on their way: the warehouse draws the accepted ones as they are read.

    One statement for all of them lets the engine write whole row groups while the next rows are read; a statement a
    batch was measured to write half as much again.
    """

    def __init__(self, entity: Entity, batches: Iterator[Batch]) -> None:
        self.counts: defaultdict[int, _Counts] = defaultdict(_Counts)
        self.is_done = False
        self._entity = entity
        self._batches = batches
        self._waiting: dict[str, list[pa.Table]] = {}
        self._error: Exception | None = None

    def append_accepted(self, tx: "Transaction") -> None:
        """Append rows until the files end, or so many others came up meanwhile that they should not wait longer."""
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
        for load_id, rows in batch.rows_read.items():
            self.counts[load_id].rows_read += rows
        for (load_id, reason), rows in batch.dropped.items():
            self.counts[load_id].dropped[reason] += rows
        for load_id in batch.rejected["load_id"].to_pylist():
            self.counts[load_id].rejected += 1
        wanted = [([], "count_all")]
        if self._entity is EVENTS:
            wanted += [("created_at", "min"), ("created_at", "max")]
        for load_id, rows, *bounds in _rows(batch.accepted.group_by("load_id").aggregate(wanted)):
            self.counts[load_id].accepted += rows
            self.counts[load_id].bounds += bounds

    def _keep(self, table: RawTable, rows: pa.Table) -> int:
        if rows.num_rows:
            self._waiting.setdefault(table.qualified_name, []).append(rows)
        return rows.num_rows


def _append(tx: "Transaction", table: RawTable, rows: list[dict[str, object]]) -> None:
    """Columns that a row does not name are null. Typed, so that every engine knows the type of a null."""
    arrays = {name: pa.array([row.get(name) for row in rows], _ARROW_TYPES[kind]) for name, kind in table.columns}
    tx.append(table.qualified_name, pa.table(arrays))


def _rows(table: pa.Table) -> Iterator[tuple]:
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def utc_naive(moment: datetime) -> datetime:
    """The moment as it is stored. moment: aware."""
    return moment.astimezone(UTC).replace(tzinfo=None)
