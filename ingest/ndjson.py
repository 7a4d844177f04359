"""NDJSON lines to fields: the engine reads plain lines, strict Python the suspicious few.

Lines that are written as the others of their chunk are read at once (`line_form`). The rest is judged line by line.
"""

# Only names from entities.py are put into SQL; values are parameters, variables or Arrow tables

from collections.abc import Iterator
from functools import partial

import duckdb
import numpy as np
import pyarrow as pa

from ingest import strict_json
from ingest.entities import Entity
from ingest.fields import UNKNOWN_FIELD, FieldChunk, invalid_utf8_as_null, quoted, shown_name
from ingest.line_form import SAMPLE_LINES, contract_name, form_of, is_plain_sql
from ingest.lines import LineChunk

_BLANK = "blank"
_NUL = b"\\u0000"
_LINES = "ndjson_lines"
_REPAIRED = "ndjson_repaired"
_ROWS_A_BATCH = 8_192  # small enough for every thread to get its share of a chunk
_CACHED_BYTES = 1024 * 1024

_REPAIRED_SCHEMA = pa.schema(
    [("position", pa.int64()), ("text", pa.string()), ("reason", pa.string()), ("field", pa.string())]
)


_AS_THEY_ARE = f"select position, line, reason, null as field, text from {_LINES}"
_JUDGED = f"""
    select
        lines.position,
        lines.line,
        coalesce(lines.reason, repaired.reason) as reason,
        repaired.field,
        case when repaired.position is null then lines.text else repaired.text end as text
    from {_LINES} as lines
    left join {_REPAIRED} as repaired on lines.position = repaired.position
    where repaired.reason is distinct from '{_BLANK}'
"""


def prepare(engine: duckdb.DuckDBPyConnection, entity: Entity, chunk: LineChunk) -> FieldChunk:
    """The chunk's lines as a query of fields in the given engine. Lines of blanks are not rows."""
    lines = _line_table(chunk)
    judge = partial(_judge, engine, entity, chunk, lines)
    has_backslashes = b"\\" in chunk.text
    may_hold_nul = has_backslashes and _NUL in chunk.text
    form = None if entity.collects_other_fields or may_hold_nul else form_of(entity, _sample(chunk))
    if form is None:
        return judge(None)
    engine.register(_LINES, lines)
    has_escapes = has_backslashes or _control_characters(chunk.text) > len(chunk)
    return FieldChunk(
        query=_fields_as_they_are_sql(entity),
        rows=len(chunk),
        raw=chunk.line,
        has_escapes=has_escapes,
        is_plain=is_plain_sql(entity, form, has_escapes),
        never_null=frozenset(contract_name(entity, key) for key in form.never_null),
        judge=judge,
    )


def _judge(
    engine: duckdb.DuckDBPyConnection, entity: Entity, chunk: LineChunk, lines: pa.Table, positions: list[int] | None
) -> FieldChunk:
    """The fields of the lines at these positions (None: of all), whatever they hold."""
    if positions is not None:
        lines = lines.take(pa.array(positions, pa.int64()))
    engine.register(_LINES, lines)
    repaired = _repair(engine, entity)
    engine.register(_REPAIRED, repaired)
    return FieldChunk(
        query=_fields_sql(entity, is_repaired=repaired.num_rows > 0),
        rows=lines.num_rows - repaired["reason"].to_pylist().count(_BLANK),
        raw=chunk.line,
        oversize={oversize.line - chunk.first_line: oversize for oversize in chunk.oversize},
    )


def _sample(chunk: LineChunk) -> Iterator[str]:
    """Some lines from all over the chunk."""
    for position in np.unique(np.linspace(0, len(chunk) - 1, SAMPLE_LINES).astype(np.int64)):
        yield chunk.line(position).decode("utf-8", "replace")


def _control_characters(text: bytes) -> int:
    """How many bytes are control characters, of which JSON holds none unescaped but blanks; each line ends with one."""
    codes = np.frombuffer(text, np.uint8)
    return sum(
        np.count_nonzero(codes[first : first + _CACHED_BYTES] < 0x20) for first in range(0, len(codes), _CACHED_BYTES)
    )


def _line_table(chunk: LineChunk) -> pa.Table:
    """Columns position, line, text (with its line feed; null where there is a reason) and reason."""
    count = len(chunk)
    texts = pa.LargeStringArray.from_buffers(count, pa.py_buffer(chunk.starts), pa.py_buffer(chunk.text))
    reasons = pa.nulls(count, pa.string())
    if chunk.oversize or not _is_utf8(texts):
        texts = invalid_utf8_as_null([chunk.line(position) + b"\n" for position in range(count)])
        named = ["invalid_utf8" if text is None else None for text in texts.to_pylist()]
        for oversize in chunk.oversize:
            named[oversize.line - chunk.first_line] = "row_too_large"
        kept = [text if reason is None else None for text, reason in zip(texts.to_pylist(), named, strict=True)]
        texts, reasons = pa.array(kept, pa.string()), pa.array(named, pa.string())
    first = chunk.first_line
    columns = {
        "position": pa.array(np.arange(count)),
        "line": pa.array(np.arange(first, first + count)),
        "text": texts,
        "reason": reasons,
    }
    return pa.Table.from_batches(pa.table(columns).to_batches(max_chunksize=_ROWS_A_BATCH))


def _is_utf8(texts: pa.LargeStringArray) -> bool:
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _repair(engine: duckdb.DuckDBPyConnection, entity: Entity) -> pa.Table:
    """Judge the lines that the engine's parser should not: a normalized text, or a reason, or both, for each."""
    has_all_judged = entity.collects_other_fields or entity.refuses_other_fields
    positions = _every_line(engine) if has_all_judged else _suspicious_lines(engine)
    texts = _texts_at(engine, positions)
    rows = [(position, *_normalized(entity, text)) for position, text in texts]
    columns = zip(*rows, strict=True) if rows else ([],) * len(_REPAIRED_SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, _REPAIRED_SCHEMA, strict=True)]
    return pa.table(arrays, schema=_REPAIRED_SCHEMA)


def _every_line(engine: duckdb.DuckDBPyConnection) -> list[int]:
    return [
        position for (position,) in engine.execute(f"select position from {_LINES} where reason is null").fetchall()
    ]


def _suspicious_lines(engine: duckdb.DuckDBPyConnection) -> list[int]:
    """Positions of the lines that are not plain or hold a key twice.

    Lines share few lists of keys, so that the distinct ones are looked at: comparing keys line by line took four times
    as long as the rest of this query.
    """
    pattern = strict_json.PLAIN_LINE.replace("'", "''")
    found = engine.execute(
        f"""
        select distinct keys, case when keys is null then position end
        from (
            select position, case when regexp_full_match(text, '{pattern}') then json_keys(text) end as keys
            from {_LINES}
            where reason is null
        )
        """
    ).fetchall()
    positions = [position for keys, position in found if keys is None]
    repeating = [keys for keys, _ in found if keys is not None and len(keys) != len(set(keys))]
    if repeating:
        holds_repeated_key = f"""
            select position from {_LINES}
            where reason is null and case
                when regexp_full_match(text, '{pattern}') then list_contains($1::varchar[][], json_keys(text))
            end
        """
        positions += [position for (position,) in engine.execute(holds_repeated_key, [repeating]).fetchall()]
    return positions


def _texts_at(engine: duckdb.DuckDBPyConnection, positions: list[int]) -> list[tuple[int, str]]:
    if not positions:
        return []
    wanted = pa.table({"position": pa.array(positions, pa.int64())})
    engine.register("wanted", wanted)
    return engine.execute(f"select position, text from {_LINES} semi join wanted using (position)").fetchall()


def _normalized(entity: Entity, text: str) -> tuple[str | None, str | None, str | None]:
    """(normalized JSON text, reason, field) of a line."""
    if not text.strip(" \t\r\n"):
        return None, _BLANK, None
    try:
        given = strict_json.parse_object(text)
    except strict_json.Refused as refusal:
        return None, refusal.reason, None
    fields = {name: given[name] for name in entity.accepted_names if name in given}
    if entity.refuses_other_fields:
        unknown = [name for name, value in given.items() if name not in fields and value not in (None, "")]
        if unknown:
            known = strict_json.storable(strict_json.dump(fields))
            return known, UNKNOWN_FIELD, shown_name(strict_json.storable(unknown[0]))
    if entity.collects_other_fields:
        names = entity.fields
        fields = {name: given[name] for name in names if name in given}
        others = {name: value for name, value in given.items() if name not in names and value not in (None, "")}
        others = {name: value for name, value in others.items() if name not in entity.refused_fields}
        fields[entity.document] = others or None
    normalized = strict_json.dump(fields)
    if strict_json.is_storable(normalized):
        return normalized, None, None
    at_fault = next(name for name, value in fields.items() if not strict_json.is_storable(strict_json.dump(value)))
    return strict_json.storable(normalized), strict_json.INVALID_TEXT, at_fault


def _structure(entity: Entity) -> str:
    """What the engine's parser is to look for in a line."""
    return "{" + ",".join(f'"{name}":"VARCHAR"' for name in entity.accepted_names) + "}"


def _fields_as_they_are_sql(entity: Entity) -> str:
    columns = ", ".join(f"given.{quoted(name)} as {quoted(name)}" for name in entity.accepted_names)
    return f"""
        with parsed as (select *, json_transform(text, '{_structure(entity)}') as given from {_LINES})
        select
            position,
            line,
            text,
            cast(null as varchar) as early_reason,
            cast(null as varchar) as early_field,
            {columns}
        from parsed
    """


def _fields_sql(entity: Entity, is_repaired: bool) -> str:
    names = entity.accepted_names
    # Compared as text first: only a value that begins with a bracket can be an object or a list.
    texts = [name for name in names if name != entity.document]
    has_bracket = " or ".join(
        f"given.{quoted(name)} between '[' and '[~' or given.{quoted(name)} between '{{' and '{{~'" for name in texts
    )
    paths = ", ".join(f"'$.{name}'" for name in texts)
    wrong_type = " ".join(
        f"when types[{number}] in ('OBJECT', 'ARRAY') then '{name}'" for number, name in enumerate(texts, start=1)
    )
    columns = ", ".join(f"given.{quoted(name)} as {quoted(name)}" for name in names)
    return f"""
        with judged as ({_JUDGED if is_repaired else _AS_THEY_ARE}),
        parsed as (
            select *, json_transform(text, '{_structure(entity)}') as given
            from judged
        ),
        -- Asked for one by one, each type would keep the whole text parsed: 16 times the memory of a long one.
        typed as (select *, case when {has_bracket} then json_type(text, [{paths}]) end as types from parsed),
        judged_types as (select *, case {wrong_type} end as wrong_type_field from typed)
        select
            position,
            line,
            coalesce(reason, case when wrong_type_field is not null then 'wrong_type' end) as early_reason,
            coalesce(field, wrong_type_field) as early_field,
            {columns}
        from judged_types
    """
