"""Segments that ask for what nobody has: neither a column of dim_users nor an attribute that a user has brought so far.

Such a segment is rejected, for its field is most likely misspelt. Its row is kept in raw.segments all the same, and the
models put it into force as soon as a user brings the attribute, so that the order of arrival decides nothing.
"""

import json
from typing import TYPE_CHECKING

from ingest.entities import SEGMENTS, USER_COLUMNS
from ingest.fields import UNKNOWN_FIELD
from ingest.privacy import Keys, scrubbed_payload

if TYPE_CHECKING:
    from warehouse.base import Transaction

_SEGMENTS = """
    select line, workspace_id, segment_name, segment_type, criteria
    from raw.segments
    where load_id = $1
    order by line
"""
_CONDITIONS = """
    select distinct line, combination, condition_number, field
    from raw.segment_conditions
    where load_id = $1
        and field not in (select field from raw.user_attributes)
    order by line, condition_number
"""


def rejected_segments(tx: "Transaction", keys: Keys, load_id: int, path: str) -> dict[int, dict[str, object]]:
    """Line -> row of raw.rejected, for the segments of a load with a field that is unknown so far."""
    places: dict[int, str] = {}
    for line, combination, number, field in tx.fetch(_CONDITIONS, (load_id,)):
        if field not in USER_COLUMNS:
            places.setdefault(line, f"criteria.{combination}[{number - 1}].field")
    if not places:
        return {}
    names = ("workspace_id", "segment_name", "segment_type", "criteria")
    rejected = {}
    for line, *values in tx.fetch(_SEGMENTS, (load_id,)):
        if line in places:
            fields = dict(zip(names, values, strict=True))
            rejected[line] = {
                "load_id": load_id,
                "entity": SEGMENTS.name,
                "path": path,
                "line": line,
                "reason": UNKNOWN_FIELD,
                "field": places[line],
                "payload": scrubbed_payload(keys, fields, lambda name: False),
                "payload_hash": keys.hash("payload", json.dumps(fields, sort_keys=True)),
            }
    return rejected


def lines_of(tx: "Transaction", load_id: int) -> set[int]:
    """Lines of the load that are in raw.segments."""
    return {line for (line,) in tx.fetch("select line from raw.segments where load_id = $1", (load_id,))}
