"""Documents as rows for joining: attributes of users and conditions of segments, so that no engine's JSON is needed."""

# Only names from entities.py are put into SQL; values are parameters, variables or Arrow tables

import duckdb
import pyarrow as pa

from ingest import strict_json
from ingest.criteria import condition_rows, read_criteria
from ingest.entities import BIGINT, DATE, DECIMAL, SEGMENT_CONDITIONS, SEGMENTS, TEXT, USERS, Entity
from ingest.validate import date_sql, decimal_sql

_ARROW_TYPES = {TEXT: pa.string(), BIGINT: pa.int64(), DECIMAL: pa.decimal128(18, 4), DATE: pa.date32()}
_CONDITIONS_SCHEMA = pa.schema([(name, _ARROW_TYPES[kind]) for name, kind in SEGMENT_CONDITIONS.columns])
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
    return _conditions(accepted) if entity is SEGMENTS else None


def _conditions(segments: pa.Table) -> pa.Table:
    rows = []
    for segment in segments.select(["load_id", "line", "criteria"]).to_pylist():
        criteria = read_criteria(strict_json.parse_object(segment["criteria"]))
        rows += [(segment["load_id"], segment["line"], *row) for row in condition_rows(criteria)]
    columns = zip(*rows, strict=True) if rows else ([],) * len(_CONDITIONS_SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, _CONDITIONS_SCHEMA, strict=True)]
    return pa.table(arrays, schema=_CONDITIONS_SCHEMA)
