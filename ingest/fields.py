"""What every file format comes down to before validation: rows of fields as text."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from ingest.lines import OversizeLine
from ingest.privacy import shape

UNKNOWN_FIELD = "unknown_field"
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


@dataclass(frozen=True)
class FieldChunk:
    """Some rows of a file, ready to be validated.

    query: SELECT for the reader: position (number in the chunk), line, early_reason and early_field (why the row was
    refused already, or null), and every accepted name of the entity as text.
    rows: how many rows the query gives.
    raw: position -> the row's bytes as they stood in the file; None where the format has none.
    oversize: position -> what is known of a row that was not held.
    has_escapes: whether a text may hold what JSON escapes.
    is_plain: condition over a row, `text` of the query included, under which the query is right about it, provided that
    its document is flat; None: it always is. The query fails when the engine cannot read some row.
    never_null: contract fields that are not null in such a row.
    judge: where there is such a condition: positions of other rows (None: all) -> a query that is right about them.
    """

    query: str
    rows: int
    raw: Callable[[int], bytes] | None = None
    oversize: Mapping[int, OversizeLine] = field(default_factory=dict)
    has_escapes: bool = True
    is_plain: str | None = None
    never_null: frozenset[str] = frozenset()
    judge: "Callable[[list[int] | None], FieldChunk] | None" = None


def quoted(name: str) -> str:
    """A field of the contract as a column name; `at` is a keyword."""
    return f'"{name}"'


def shown_name(name: str) -> str:
    """The name of a field that a file made up, to be reported: only its shape where it is no plain identifier."""
    return name if _IDENTIFIER.fullmatch(name) else shape(name)


def invalid_utf8_as_null(values: list[bytes]) -> pa.Array:
    """Texts of the bytes; null where they are not UTF-8."""
    try:
        return pa.array(values, pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array(map(_decoded, values), pa.string())


def _decoded(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None
