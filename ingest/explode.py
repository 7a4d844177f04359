"""Documents as rows to join, without any engine's JSON: users' attributes, segments' conditions, funnels' steps."""

# Only names from entities.py are put into SQL; values are parameters, variables or Arrow tables

from collections.abc import Callable, Iterable

import duckdb
import pyarrow as pa

from ingest import strict_json
from ingest.criteria import condition_rows, read_criteria
from ingest.entities import (
    BIGINT,
    DATE,
    DECIMAL,
    FUNNEL_STEPS,
    FUNNELS,
    SEGMENT_CONDITIONS,
    SEGMENTS,
    TEXT,
    USERS,
    Entity,
    RawTable,
)
from ingest.funnels import read_steps
from ingest.validate import date_sql, decimal_sql

_ARROW_TYPES = {TEXT: pa.string(), BIGINT: pa.int64(), DECIMAL: pa.decimal128(18, 4), DATE: pa.date32()}
_ATTRIBUTES = f"""
    with attributes as (
        select accepted.load_id, accepted.line, entry.key as field, entry.value ->> '$' as value_text
        from accepted, json_each(accepted.attributes) as entry
    )
    select
        load_id,
        line,
        field,
        value_text,
        {decimal_sql("value_text")} as value_number,
        {date_sql("value_text")} as value_date
    from attributes
    where value_text is not null
"""


def exploded(engine: duckdb.DuckDBPyConnection, entity: Entity, accepted: pa.Table) -> pa.Table | None:
    """The rows of `entity.exploded` of accepted rows; None for entities without such a table.

    An attribute that is an object or a list is one row with its JSON text.
    """
    if entity is USERS:
        engine.register("accepted", accepted)
        return engine.sql(_ATTRIBUTES).to_arrow_table()
    if entity is SEGMENTS:
        return _parts(SEGMENT_CONDITIONS, accepted["criteria"], accepted, _conditions_of)
    return _parts(FUNNEL_STEPS, accepted["steps"], accepted, _steps_of) if entity is FUNNELS else None


def _conditions_of(criteria: str) -> Iterable[tuple]:
    return condition_rows(read_criteria(strict_json.parse_object(criteria)))


def _steps_of(steps: str) -> Iterable[tuple]:
    return ((number, *step) for number, step in enumerate(read_steps(strict_json.parse_list(steps)), start=1))


def _parts(
    table: RawTable, documents: pa.ChunkedArray, accepted: pa.Table, parts_of: Callable[[str], Iterable[tuple]]
) -> pa.Table:
    """The rows of `table`, after load_id and line those of `parts_of` each document."""
    places = accepted.select(["load_id", "line"]).to_pylist()
    rows = [
        (place["load_id"], place["line"], *part)
        for place, document in zip(places, documents.to_pylist(), strict=True)
        for part in parts_of(document)
    ]
    schema = pa.schema([(name, _ARROW_TYPES[kind]) for name, kind in table.columns])
    columns = zip(*rows, strict=True) if rows else ([],) * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema)
