"""One landing file → batches of accepted and rejected rows, free of personal data.

A private in-memory DuckDB does the parsing, the rules and the keyed hashing, whatever the warehouse's engine is.
"""

# Only names from entities.py are put into SQL; values are parameters, variables or Arrow tables

import json
import os
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Set
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Self

import duckdb
import pyarrow as pa

from ingest import csv_rows, ndjson, output, parquet_rows, scrubbed
from ingest.addresses import is_plain_address_sql, normalized_address
from ingest.canonical import canonical_sql, flat_document_sql, json_column, json_sql, text_fields
from ingest.documents import is_flat_sql, read_document
from ingest.entities import EVENTS, REJECTED, Entity
from ingest.explode import exploded
from ingest.fields import FieldChunk, quoted
from ingest.line_form import as_given
from ingest.lines import CHUNK_BYTES, CorruptFile, LineChunk, decompressed, line_chunks
from ingest.parts import Parts, shared_chunks
from ingest.policies import Policies
from ingest.privacy import DEFAULT_RULES, Keys, PrivacyRules, scrubbed_payload, tombstone_sql
from ingest.salts import SALT_BYTES
from ingest.temporary import temporary_folder
from ingest.time_zones import zone_names
from ingest.user_agents import traits_of
from ingest.validate import FUTURE_HOURS, fault_sql, given_sql, timestamp_sql

DEFAULT_MAX_ROW_BYTES = 1024 * 1024
CHUNKS_AT_A_TIME = 2
ENGINE_SETTINGS = {
    "memory_limit": "512MB",
    "threads": 1,
    "autoinstall_known_extensions": False,
}

# Reasons, when no field is at fault, of rows whose fields are not known.
_UNPARSED = frozenset(
    (
        "invalid_json",
        "not_an_object",
        "nested_too_deeply",
        "invalid_utf8",
        "row_too_large",
        "invalid_csv",
        "wrong_column_count",
    )
)
_DOCUMENTS_SCHEMA = pa.schema([(name, pa.string()) for name in ("given", "document", "canonical", "reason", "field")])
_TRAITS_SCHEMA = pa.schema(
    [
        ("user_agent", pa.string()),
        ("user_agent_hash", pa.string()),
        ("device_type", pa.string()),
        ("browser", pa.string()),
        ("os", pa.string()),
        ("is_bot", pa.bool_()),
    ]
)
_ADDRESSES_SCHEMA = pa.schema([("ip_address", pa.string()), ("normalized", pa.string())])
_REJECTED_TYPES = {"text": pa.string(), "bigint": pa.int64()}
REJECTED_SCHEMA = pa.schema([(name, _REJECTED_TYPES[kind]) for name, kind in REJECTED.columns])


Prepare = Callable[[duckdb.DuckDBPyConnection], FieldChunk]


@dataclass(frozen=True)
class Source:
    """A local file to read: where it is, and what its name says about it.

    format: "ndjson", "csv" or "parquet". compression: None, "gzip" or "zstd". name: the landing path.
    """

    local_path: str
    name: str
    format: str
    compression: str | None = None


@dataclass(frozen=True)
class Mention:
    """A row of a file that names somebody who was looked for.

    first_line: where the row begins (in Parquet its number); lines: how many it takes.
    """

    tombstone: str
    first_line: int
    lines: int


@dataclass(frozen=True)
class Batch:
    """Rows of one chunk, of one load or of several: `rows_read` = rows of `accepted`, of `rejected` and `dropped` ones.

    rows_read: by load_id. accepted: without the dropped ones. dropped: how many accepted rows may not be kept, by
    load_id and reason (see policies.py). exploded: rows of the entity's table of document parts; None for entities
    without one.
    """

    rows_read: dict[int, int]
    accepted: pa.Table
    rejected: pa.Table
    dropped: dict[tuple[int, str], int]
    exploded: pa.Table | None = None


def _result(future: "Future[Batch]") -> Batch:
    """The batch; what the engine cannot digest refuses its file, not the run. Its words may hold values: left out."""
    try:
        return future.result()
    except duckdb.Error as error:
        raise _undigested(error) from None


def _undigested(error: duckdb.Error) -> CorruptFile:
    return CorruptFile(
        f"a batch of its rows could not be read ({type(error).__name__}). Make its rows or the file smaller."
    )


class Reader:
    """Reads landing files. A context manager: its engines and their temporary folder go when it is closed.

    Chunks are read two at a time, each by an engine of its own with one thread: an engine cannot share out a chunk,
    which is smaller than its unit of parallel work; and Python's part of one overlaps the engine's part of the other.

    clock: the load's time, aware; what lies more than 24 hours after it is refused, an absent updated_at becomes it.
    max_row_bytes: a longer row is rejected.
    """

    def __init__(
        self,
        keys: Keys,
        clock: datetime,
        max_row_bytes: int = DEFAULT_MAX_ROW_BYTES,
        rules: PrivacyRules = DEFAULT_RULES,
    ) -> None:
        if clock.tzinfo is None:
            raise ValueError(
                "the load clock has no time zone; pass an aware datetime such as datetime.now(timezone.utc)"
            )
        self.keys = keys.salted(rules.ip_salts.salt(clock) if rules.ip_salts else secrets.token_bytes(SALT_BYTES))
        self.max_row_bytes = max_row_bytes
        self._spill = temporary_folder("footfall-reader-")
        utc_clock = clock.astimezone(UTC).replace(tzinfo=None)
        self._chunk_readers = [
            _ChunkReader(self.keys, utc_clock, self._spill.name, rules.kept_parameters) for _ in range(CHUNKS_AT_A_TIME)
        ]
        self._threads = ThreadPoolExecutor(CHUNKS_AT_A_TIME, thread_name_prefix="footfall-reader")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()
        for chunk_reader in self._chunk_readers:
            chunk_reader.close()
        self._spill.cleanup()

    def adopt(self, policies: Policies) -> None:
        """Drop what these policies say of the rows that are read from now on; a new reader drops nothing."""
        for chunk_reader in self._chunk_readers:
            chunk_reader.adopt(policies)

    def read(self, entity: Entity, sources: Iterable[tuple[Source, int]]) -> Iterator[Batch]:
        """The rows of chunk after chunk of several files and their loads, in their order.

        A file is begun while the last chunk of the one before is read. Raises CorruptFile for the first that is not
        what its name says.
        """
        idle = deque(self._chunk_readers)
        running: deque[tuple[_ChunkReader, Future[Batch]]] = deque()
        try:
            for prepare, parts in self._chunks_of_loads(entity, sources):
                if not idle:
                    chunk_reader, future = running.popleft()
                    yield _result(future)
                    idle.append(chunk_reader)
                chunk_reader = idle.popleft()
                running.append((chunk_reader, self._threads.submit(chunk_reader.read, entity, parts, prepare)))
            while running:
                yield _result(running.popleft()[1])
        finally:
            wait([future for _, future in running])

    def mentions(self, entity: Entity, source: Source, tombstones: Set[str]) -> tuple[list[Mention], int]:
        """The rows of these people, refused ones too, and the number of rows whose fields cannot be read.

        Raises CorruptFile as `read` does.
        """
        chunk_reader = self._chunk_readers[0]
        found: list[Mention] = []
        unreadable = 0
        for prepare in self._chunks(entity, source):
            try:
                mentions, unknown = chunk_reader.mentions(entity, prepare, tombstones)
            except duckdb.Error as error:
                raise _undigested(error) from None
            found += mentions
            unreadable += unknown
        return found, unreadable

    def _chunks_of_loads(
        self, entity: Entity, sources: Iterable[tuple[Source, int]]
    ) -> Iterator[tuple[Prepare, Parts]]:
        """The chunks of several files, small ones of NDJSON together."""
        for is_ndjson, group in groupby(sources, lambda entry: entry[0].format == "ndjson"):
            if is_ndjson:
                chunks = (
                    (load_id, source.name, chunk) for source, load_id in group for chunk in self._line_chunks(source)
                )
                for chunk, parts in shared_chunks(chunks):
                    yield partial(ndjson.prepare, entity=entity, chunk=chunk), parts
            else:
                for source, load_id in group:
                    for prepare in self._chunks(entity, source):
                        yield prepare, Parts.of_file(load_id, source.name)

    def _chunks(self, entity: Entity, source: Source) -> Iterator[Prepare]:
        """For each chunk of the file, what makes its fields available in an engine."""
        if source.format == "parquet":
            with open(source.local_path, "rb") as file:
                yield from parquet_rows.chunks(entity, file, self.max_row_bytes)
        elif source.format == "csv":
            yield from csv_rows.chunks(entity, self._line_chunks(source), self.max_row_bytes)
        else:
            for chunk in self._line_chunks(source):
                yield partial(ndjson.prepare, entity=entity, chunk=chunk)

    def _line_chunks(self, source: Source) -> Iterator[LineChunk]:
        with open(source.local_path, "rb") as file:
            # A small file is asked for whole: room for more is costlier to give back than to read it.
            size = os.fstat(file.fileno()).st_size
            wanted = CHUNK_BYTES if source.compression else min(CHUNK_BYTES, max(size, 1))
            stream = decompressed(file, source.compression)
            yield from line_chunks(stream, self.max_row_bytes, lambda: self.keys.start("payload"), wanted)


class _ChunkReader:
    """One private engine, and one chunk at a time through it."""

    def __init__(self, keys: Keys, utc_clock: datetime, spill_folder: str, kept_parameters: frozenset[str]) -> None:
        self.keys = keys
        self._policies = Policies()
        self._kept_parameters = kept_parameters
        self._engine = duckdb.connect(":memory:", config={**ENGINE_SETTINGS, "temp_directory": spill_folder})
        self._engine.execute("set timezone = 'UTC'")
        self._engine.execute("set enable_progress_bar = false")
        self._engine.execute("set variable load_clock = $1", [utc_clock])
        self._engine.execute("set variable latest_timestamp = $1", [utc_clock + timedelta(hours=FUTURE_HOURS)])
        self._engine.execute("set variable time_zones = $1", [sorted(zone_names())])
        keys.install(self._engine)
        scrubbed.install(self._engine)

    def close(self) -> None:
        self._engine.close()

    def adopt(self, policies: Policies) -> None:
        policies.install(self._engine)
        self._policies = policies

    def read(self, entity: Entity, parts: Parts, prepare: Prepare) -> Batch:
        chunk = self._check(entity, prepare(self._engine))
        rows_read = parts.rows_by_load(self._engine.execute("select line from checked").fetchnumpy()["line"])
        if sum(rows_read.values()) != chunk.rows:
            raise RuntimeError(f"{chunk.rows} rows were to be checked, {sum(rows_read.values())} were")
        has_refused_documents = self._read_documents(entity)
        rejected = self._rejected(entity, parts, chunk, has_refused_documents)
        accepted, dropped = self._policies.sift(self._engine, parts.placed(self._accepted(entity)))
        return Batch(rows_read, accepted, rejected, dropped, exploded(self._engine, entity, accepted))

    def mentions(self, entity: Entity, prepare: Prepare, tombstones: Set[str]) -> tuple[list[Mention], int]:
        chunk = self._check(entity, prepare(self._engine))
        named = self._engine.execute(
            f"""
            with users as (select distinct workspace_id, user_id from checked where user_id is not null),
            hashed as (select *, {tombstone_sql()} as tombstone from users)
            select tombstone, position, line
            from checked
            inner join hashed using (workspace_id, user_id)
            where list_contains($1, tombstone)
            order by position
            """,
            [sorted(tombstones)],
        ).fetchall()
        mentions = [
            Mention(tombstone, line, max(1, chunk.raw(position).count(b"\n")) if chunk.raw else 1)
            for tombstone, position, line in named
        ]
        unreadable = "select count(*) from checked where user_id is null and list_contains($1, reason)"
        return mentions, self._engine.execute(unreadable, [sorted(_UNPARSED)]).fetchall()[0][0]

    def _check(self, entity: Entity, chunk: FieldChunk) -> FieldChunk:
        """Table `checked`: the fields as they count, their times, and the first reason to refuse the row.

        Returns the chunk with as many rows as the table, and the means to name those it refuses.
        """
        if chunk.is_plain is None:
            self._engine.execute(f"create or replace temp table checked as {_checked_sql(entity, chunk)}")
            return chunk
        try:
            self._engine.execute(f"create or replace temp table checked as {_checked_sql(entity, chunk)}")
        except duckdb.InvalidInputException:
            return self._check(entity, chunk.judge(None))
        is_doubtful = "is_plain is distinct from true or not is_flat_document"
        doubtful = self._engine.execute(f"select position from checked where {is_doubtful}").fetchall()
        if not doubtful:
            return chunk
        judged = chunk.judge([position for (position,) in doubtful])
        self._engine.execute(f"delete from checked where {is_doubtful}")
        self._engine.execute(f"insert into checked {_checked_sql(entity, judged)}")
        return replace(judged, rows=chunk.rows - len(doubtful) + judged.rows)

    def _read_documents(self, entity: Entity) -> bool:
        """Table `documents`: the distinct documents that only strict JSON can judge. Whether it refuses any."""
        texts = []
        if entity.document:
            unusual = f"select distinct {entity.document} from checked where reason is null and not is_flat_document"
            texts = [text for (text,) in self._engine.execute(unusual).fetchall()]
        documents = [read_document(entity, text) for text in texts]
        rows = [(text, *document) for text, document in zip(texts, documents, strict=True)]
        self._engine.register("documents", _table(rows, _DOCUMENTS_SCHEMA))
        return any(document.reason for document in documents)

    def _accepted(self, entity: Entity) -> pa.Table:
        if entity is EVENTS:
            self._engine.execute(output.VISITORS_SQL)
            self._read_user_agents()
            self._read_addresses()
            for statement in output.DISTINCT_SQL:
                self._engine.execute(statement)
        changed = scrubbed.scrub_chunk(self._engine, entity, self.keys, self._kept_parameters)
        return self._engine.sql(output.accepted_sql(entity, changed)).to_arrow_table()

    def _read_user_agents(self) -> None:
        """Table `traits`: what the chunk's distinct user agents say."""
        distinct = "select distinct user_agent from distinct_visitors where user_agent is not null"
        texts = [text for (text,) in self._engine.execute(distinct).fetchall()]
        rows = [(text, self.keys.hash("user_agent", text), *traits_of(text)) for text in texts]
        self._engine.register("traits", _table(rows, _TRAITS_SCHEMA))

    def _read_addresses(self) -> None:
        """Table `addresses`: the chunk's distinct addresses that are not plain IPv4, in their one form."""
        unusual = f"""
            select distinct ip_address from distinct_visitors
            where ip_address is not null and not {is_plain_address_sql()}
        """
        rows = [(text, normalized_address(text)) for (text,) in self._engine.execute(unusual).fetchall()]
        self._engine.register("addresses", _table(rows, _ADDRESSES_SCHEMA))

    def _rejected(self, entity: Entity, parts: Parts, chunk: FieldChunk, has_refused_documents: bool) -> pa.Table:
        rows = []
        sql = output.rejected_sql(entity, has_refused_documents=has_refused_documents)
        refused = self._engine.execute(sql).fetchall()
        places = parts.places(line for _, line, *_ in refused)
        for (load_id, path, line), (position, _, reason, field, *values) in zip(places, refused, strict=True):
            *values, is_shown = values
            fields = dict(zip(entity.contract_fields, values, strict=True))
            is_parsed = field is not None or reason not in _UNPARSED
            payload = scrubbed_payload(self.keys, fields, is_shown.__contains__) if is_parsed else None
            length, payload_hash = self._fingerprint(chunk, position, fields)
            if self._is_erased(fields):
                payload = payload_hash = None
            rows.append((load_id, entity.name, path, line, reason, field, payload, length, payload_hash))
        return _table(rows, REJECTED_SCHEMA)

    def _is_erased(self, fields: dict[str, str | None]) -> bool:
        """Whether a rejected row is of somebody who was erased; even its scrubbed fields would tell of them."""
        user_id, workspace_id = fields.get("user_id"), fields.get("workspace_id")
        if not self._policies.tombstones or user_id is None or workspace_id is None:
            return False
        return self.keys.tombstone(self.keys.original_user_key(workspace_id, user_id)) in self._policies.tombstones

    def _fingerprint(self, chunk: FieldChunk, position: int, fields: dict[str, str | None]) -> tuple[int | None, str]:
        """(length in bytes or None, keyed hash) of a rejected row as it stood in the file."""
        if oversize := chunk.oversize.get(position):
            return oversize.byte_length, oversize.payload_hash
        if chunk.raw is None:
            return None, self.keys.hash("payload", json.dumps(fields, sort_keys=True).encode())
        raw = chunk.raw(position)
        return len(raw), self.keys.hash("payload", raw)


def _checked_sql(entity: Entity, chunk: FieldChunk) -> str:
    fields = ", ".join(map(quoted, entity.contract_fields))
    given = [f"{given_sql(entity, name)} as {quoted(name)}" for name in entity.contract_fields]
    if chunk.is_plain:
        given += ["text", *(f"{quoted(name)} as {as_given(name)}" for name, _ in entity.defaults)]
    times = [f"{timestamp_sql(quoted(name))} as {name}_utc" for name in entity.timestamps]
    texts = [f"{json_sql(name)} as {json_column(name)}" for name in text_fields(entity)] if chunk.has_escapes else []
    json_of = json_column if chunk.has_escapes else None
    canonical = canonical_sql(entity, flat_document_sql(entity), json_of, chunk.never_null)
    is_hashed = "fault is null and is_flat_document is distinct from false"
    return f"""
        with fields as ({chunk.query}),
        given as (
            select position, line, early_reason, early_field, {", ".join(given)}
            from fields
        ),
        timed as (select *, {", ".join([*times, *texts])}, {is_flat_sql(entity)} as is_flat_document from given),
        judged as (select *, {fault_sql(entity, may_hold_nul=chunk.has_escapes)} as fault from timed),
        described as (
            select *, case when {is_hashed} then {canonical} end as canonical from judged
        )
        select
            position,
            line,
            {", ".join([fields, *(f"{name}_utc" for name in entity.timestamps)])},
            fault.reason as reason,
            fault.field as field,
            is_flat_document,
            {chunk.is_plain or "true"} as is_plain,
            {output.content_hashes_sql(entity, "canonical")}
        from described
    """


def _table(rows: list[tuple], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else ([],) * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema)
