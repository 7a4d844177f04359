"""Parquet to fields: each column as the text that the same value has in the other formats."""

# Only names from entities.py are put into SQL; values are parameters, variables or Arrow tables

import json
import math
import os
from collections.abc import Iterator
from datetime import date, datetime
from functools import partial
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import types

from ingest import strict_json
from ingest.entities import Entity
from ingest.fields import UNKNOWN_FIELD, FieldChunk, invalid_utf8_as_null, quoted, shown_name
from ingest.lines import CorruptFile, refuse_bomb

_TABLE = "parquet_rows"
_ROWS_A_BATCH = 32_768
_ROWS_A_READ = 1_024
_BYTES_A_BATCH = 16_000_000
# A repeated row costs next to nothing in Parquet, yet each is read; those of events differ in their times at least.
_ROWS_A_BYTE = 10
_HARMLESS_ROWS = 1_000_000


def chunks(entity: Entity, file: BinaryIO, max_row_bytes: int) -> Iterator[partial]:
    """For each batch of rows, what makes its fields available in an engine. `line` is the number of the row, from 1.

    Raises CorruptFile when the file is damaged or a bomb (see `refuse_bomb`), lacks a required column, or has one that
    cannot be read as its field.
    """
    try:
        with pq.ParquetFile(file) as rows:
            _refuse_bomb(rows.metadata, os.fstat(file.fileno()).st_size)
            columns = _checked_columns(entity, rows.schema_arrow)
            first_row = 1
            for batch in _bounded_batches(rows, columns):
                yield partial(_prepare, entity=entity, batch=batch, first_row=first_row, max_row_bytes=max_row_bytes)
                first_row += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise CorruptFile(f"the Parquet file is damaged or incomplete: {error}. Deliver the file again.") from error


def _refuse_bomb(metadata: pq.FileMetaData, size: int) -> None:
    refuse_bomb(size, sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups)))
    if metadata.num_rows > _HARMLESS_ROWS and metadata.num_rows > _ROWS_A_BYTE * size:
        raise CorruptFile(
            f"the file claims more than {_ROWS_A_BYTE} rows a byte, as no file of events does. "
            "Deliver it as NDJSON if it is right."
        )


def _bounded_batches(file: pq.ParquetFile, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Batches of at most 32,768 rows and about 16 MB, whatever the size of a cell."""
    kept: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in file.iter_batches(_ROWS_A_READ, columns=columns):
        if kept and (rows + batch.num_rows > _ROWS_A_BATCH or size + batch.nbytes > _BYTES_A_BATCH):
            yield pa.concat_batches(kept)
            kept, rows, size = [], 0, 0
        kept.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
    if kept:
        yield pa.concat_batches(kept)


def _checked_columns(entity: Entity, schema: pa.Schema) -> list[str]:
    takes_all = entity.collects_other_fields or entity.refuses_other_fields
    wanted = [name for name in schema.names if takes_all or name in entity.accepted_names]
    if repeated := {name for name in wanted if wanted.count(name) > 1}:
        raise CorruptFile(f"the column {min(repeated)} is there twice. Keep one of them.")
    missing = [name for name in entity.required if name not in wanted]
    if missing:
        raise CorruptFile(
            f"the column {', '.join(missing)} is missing. "
            f"The columns of {entity.folder}/ are {', '.join(entity.contract_fields)}."
        )
    for name in wanted:
        if name in entity.accepted_names and name != entity.document and not _is_scalar(schema.field(name).type):
            raise CorruptFile(
                f"column {name} is of type {schema.field(name).type}, which is no text. "
                "Write it as text, a number or, for a time, a timestamp."
            )
    return wanted


def _is_scalar(kind: pa.DataType) -> bool:
    if types.is_dictionary(kind):
        kind = kind.value_type
    return (
        _is_text(kind)
        or types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_decimal(kind)
        or types.is_boolean(kind)
        or types.is_timestamp(kind)
        or types.is_date(kind)
        or types.is_null(kind)
    )


def _is_text(kind: pa.DataType) -> bool:
    return any(
        is_kind(kind)
        for is_kind in (
            types.is_string,
            types.is_large_string,
            types.is_string_view,
            types.is_binary,
            types.is_large_binary,
        )
    )


def _prepare(
    engine: duckdb.DuckDBPyConnection, entity: Entity, batch: pa.RecordBatch, first_row: int, max_row_bytes: int
) -> FieldChunk:
    count = batch.num_rows
    names = [name for name in batch.schema.names if name in entity.accepted_names]
    if entity.collects_other_fields:
        names = [name for name in names if name in entity.fields]
    columns = {name: _plain(batch.column(name)) for name in names}
    invalid = [None] * count
    for name, column in columns.items():
        if types.is_binary(column.type) or types.is_string(column.type):
            columns[name], at_fault = _valid_text(column)
            for position in at_fault:
                invalid[position] = name
    if entity.collects_other_fields:
        others = [name for name in batch.schema.names if name not in entity.fields + entity.refused_fields]
        columns[entity.document] = _collected(batch.select(others))
    unknown = [None] * count
    if entity.refuses_other_fields:
        others = [name for name in batch.schema.names if name not in entity.accepted_names]
        unknown = [_unknown_field(row) for row in batch.select(others).to_pylist()] if others else unknown
    bookkeeping = {
        "position": pa.array(range(count), pa.int64()),
        "line": pa.array(range(first_row, first_row + count), pa.int64()),
        "invalid_utf8_field": pa.array(invalid, pa.string()),
        "unknown_field": pa.array(unknown, pa.string()),
    }
    table = pa.table({**bookkeeping, **columns})
    engine.register(_TABLE, table)
    return FieldChunk(query=_fields_sql(entity, table.schema, max_row_bytes), rows=count)


def _fields_sql(entity: Entity, schema: pa.Schema, max_row_bytes: int) -> str:
    texts = [f"{_text_sql(entity, schema, name)} as {quoted(name)}" for name in entity.accepted_names]
    size = " + ".join(f"coalesce(strlen({quoted(name)}), 0)" for name in entity.accepted_names)
    return f"""
        with texts as (select position, line, invalid_utf8_field, unknown_field, {", ".join(texts)} from {_TABLE})
        select
            position,
            line,
            case
                when invalid_utf8_field is not null then 'invalid_utf8'
                when {size} > {max_row_bytes} then 'row_too_large'
                when unknown_field is not null then '{UNKNOWN_FIELD}'
            end as early_reason,
            case
                when invalid_utf8_field is not null then invalid_utf8_field
                when {size} <= {max_row_bytes} then unknown_field
            end as early_field,
            {", ".join(map(quoted, entity.accepted_names))}
        from texts
    """


def _text_sql(entity: Entity, schema: pa.Schema, name: str) -> str:
    if name not in schema.names:
        return "cast(null as varchar)"
    kind = schema.field(name).type
    column = quoted(name)
    if name == entity.document and types.is_nested(kind):
        return f"cast(to_json({column}) as varchar)"
    if types.is_floating(kind):
        is_whole = f"{column} = trunc({column}) and abs({column}) < 1e15"
        whole = f"case when {is_whole} then cast(cast({column} as bigint) as varchar)"
        return f"{whole} when not isnan({column}) then cast({column} as varchar) end"
    return f"cast({column} as varchar)"


def _plain(column: pa.Array) -> pa.Array:
    """Without a dictionary; text as `string`, bytes as `binary`, times as epoch milliseconds."""
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if types.is_timestamp(column.type) or types.is_date(column.type):
        return column.cast(pa.timestamp("ms"), safe=False).cast(pa.int64())
    if types.is_large_string(column.type) or types.is_string_view(column.type):
        return column.cast(pa.string())
    return column.cast(pa.binary()) if types.is_large_binary(column.type) else column


def _valid_text(column: pa.Array) -> tuple[pa.Array, list[int]]:
    """The column as text and the positions that hold no UTF-8, null in it: a Parquet file may claim what is not so."""
    values = column.view(pa.binary()) if types.is_string(column.type) else column
    try:
        return values.cast(pa.string()), []
    except pa.ArrowInvalid:
        texts = invalid_utf8_as_null(values.to_pylist())
        missing = zip(texts.is_null().to_pylist(), values.is_null().to_pylist(), strict=True)
        return texts, [position for position, (now, before) in enumerate(missing) if now and not before]


def _collected(others: pa.RecordBatch) -> pa.Array:
    """The columns beyond the contract as one JSON object a row, without nulls; null where all are."""
    if not others.num_columns:
        return pa.nulls(others.num_rows, pa.string())
    texts = []
    for row in others.to_pylist():
        given = {name: value for name, value in row.items() if not _is_nothing(value)}
        text = json.dumps(given, ensure_ascii=False, default=_as_json) if given else None
        texts.append(text and strict_json.storable(text))
    return pa.array(texts, pa.string())


def _unknown_field(others: dict[str, Any]) -> str | None:
    return next((shown_name(name) for name, value in others.items() if not _is_nothing(value)), None)


def _is_nothing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and not math.isfinite(value))


def _as_json(value: Any) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
