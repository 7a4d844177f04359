"""NDJSON lines to fields: the engine reads plain lines, strict Python the suspicious few."""

import duckdb
import numpy as np
import pyarrow as pa

from ingest import strict_json
from ingest.entities import Entity
from ingest.fields import FieldChunk, quoted, invalid_utf8_as_null
from ingest.lines import LineChunk

_BLANK = "blank"
_LINES = "ndjson_lines"
_REPAIRED = "ndjson_repaired"
_ROWS_A_BATCH = 8_192  # small enough for every thread to get its share of a chunk

_REPAIRED_SCHEMA = pa.schema(
    [("position", pa.int64()), ("text", pa.string()), ("reason", pa.string()), ("field", pa.string())]
)


def prepare(engine: duckdb.DuckDBPyConnection, entity: Entity, chunk: LineChunk) -> FieldChunk:
    """The chunk's lines as a query of fields in the given engine. Lines of blanks are not rows."""
    engine.register(_LINES, _line_table(chunk))
    repaired = _repair(engine, entity)
    engine.register(_REPAIRED, repaired)
    return FieldChunk(
        query=_fields_sql(entity),
        rows=len(chunk.lines) - repaired["reason"].to_pylist().count(_BLANK),
        raw=chunk.lines.__getitem__,
        oversize={oversize.line - chunk.first_line: oversize for oversize in chunk.oversize},
    )


def _line_table(chunk: LineChunk) -> pa.Table:
    texts = invalid_utf8_as_null(chunk.lines)
    count = len(chunk.lines)
    reasons = pa.nulls(count, pa.string())
    if texts.null_count or chunk.oversize:
        named = ["invalid_utf8" if text is None else None for text in texts.to_pylist()]
        for oversize in chunk.oversize:
            named[oversize.line - chunk.first_line] = "row_too_large"
        reasons = pa.array(named, pa.string())
    first = chunk.first_line
    columns = {
        "position": pa.array(np.arange(count)),
        "line": pa.array(np.arange(first, first + count)),
        "text": texts,
        "reason": reasons,
    }
    return pa.Table.from_batches(pa.table(columns).to_batches(max_chunksize=_ROWS_A_BATCH))


def _repair(engine: duckdb.DuckDBPyConnection, entity: Entity) -> pa.Table:
    """Judge the lines that the engine's parser should not: a normalized text, or a reason, or both, for each."""
    if entity.collects_other_fields:
        is_suspicious = "true"
    else:
        is_suspicious = f"""case
            when not regexp_full_match(text, '{strict_json.PLAIN_LINE.replace("'", "''")}') then true
            else len(json_keys(text)) <> len(list_distinct(json_keys(text)))
        end"""
    suspicious = engine.execute(
        f"select position, text from {_LINES} where reason is null and {is_suspicious}"
    ).fetchall()
    rows = [(position, *_normalized(entity, text)) for position, text in suspicious]
    columns = zip(*rows, strict=True) if rows else ([],) * len(_REPAIRED_SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, _REPAIRED_SCHEMA, strict=True)]
    return pa.table(arrays, schema=_REPAIRED_SCHEMA)


def _normalized(entity: Entity, text: str) -> tuple[str | None, str | None, str | None]:
    """(normalized JSON text, reason, field) of a line."""
    if not text.strip(" \t\r"):
        return None, _BLANK, None
    try:
        given = strict_json.parse_object(text)
    except strict_json.Refused as refusal:
        return None, refusal.reason, None
    fields = {name: given[name] for name in entity.accepted_names if name in given}
    if entity.collects_other_fields:
        names = entity.fields
        fields = {name: given[name] for name in names if name in given}
        others = {name: value for name, value in given.items() if name not in names and value not in (None, "")}
        fields[entity.document] = others or None
    normalized = strict_json.dump(fields)
    if strict_json.is_storable(normalized):
        return normalized, None, None
    at_fault = next(name for name, value in fields.items() if not strict_json.is_storable(strict_json.dump(value)))
    return strict_json.storable(normalized), strict_json.INVALID_TEXT, at_fault


def _fields_sql(entity: Entity) -> str:
    names = entity.accepted_names
    structure = "{" + ",".join(f'"{name}":"VARCHAR"' for name in names) + "}"
    wrong_type = "\n".join(
        f"when left(given.{quoted(name)}, 1) in ('{{', '[') and json_type(text, '$.{name}') in ('OBJECT', 'ARRAY') then '{name}'"
        for name in names
        if name != entity.document
    )
    columns = ", ".join(f"given.{quoted(name)} as {quoted(name)}" for name in names)
    return f"""
        with judged as (
            select
                lines.position,
                lines.line,
                coalesce(lines.reason, repaired.reason) as reason,
                repaired.field,
                case when repaired.position is null then lines.text else repaired.text end as text
            from {_LINES} as lines
            left join {_REPAIRED} as repaired on lines.position = repaired.position
            where repaired.reason is distinct from '{_BLANK}'
        ),
        parsed as (
            select *, json_transform(case when reason is null or text is not null then text end, '{structure}') as given
            from judged
        ),
        typed as (
            select *, case {wrong_type} end as wrong_type_field from parsed
        )
        select
            position,
            line,
            coalesce(reason, case when wrong_type_field is not null then 'wrong_type' end) as early_reason,
            coalesce(field, wrong_type_field) as early_field,
            {columns}
        from typed
    """
