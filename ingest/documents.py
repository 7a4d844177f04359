"""JSON documents inside rows: an event's metadata, a user's attributes, a segment's criteria."""

from typing import Any, NamedTuple

from ingest import strict_json
from ingest.entities import CRITERIA_OPERATORS, SEGMENTS, Entity

_OPERATORS_WITHOUT_VALUE = ("is_null", "not_null")

# Canonical text of a flat object, as `strict_json.canonical` gives it: keys sorted, nulls left out, scalars as text.
FLAT_CANONICAL_SQL = (
    "'{{' || coalesce(array_to_string(list_transform(list_sort(map_entries("
    "cast(cast({document} as json) as map(varchar, varchar)))), "
    "lambda entry: to_json(entry.key) || ':' || to_json(entry.value)), ','), '') || '}}'"
)


class Document(NamedTuple):
    """A document's text as it is stored and as it is hashed, or the reason and field for which its row is refused."""

    text: str | None
    canonical: str | None
    reason: str | None
    field: str | None


def is_flat_sql(entity: Entity) -> str:
    """Whether the engine alone can deal with a row's document: a plain object of scalars, no key twice.

    Null without a document. Criteria have rules of their own, so none of them is.
    """
    document = entity.document
    if document is None:
        return "null"
    if entity is SEGMENTS:
        return f"case when {document} is not null then false end"
    pattern = strict_json.PLAIN_OBJECT.replace("'", "''")
    return f"""case
        when {document} is null then null
        when not regexp_full_match({document}, '{pattern}') then false
        else len(json_keys({document})) = len(list_distinct(json_keys({document})))
    end"""


def read_document(entity: Entity, text: str) -> Document:
    """Judge one document with strict JSON."""
    try:
        document = strict_json.parse_object(text)
    except strict_json.Refused as refusal:
        too_deep = refusal.reason == strict_json.TOO_DEEP
        return _refused(entity, strict_json.TOO_DEEP if too_deep else f"invalid_{entity.document}")
    canonical = strict_json.canonical(document)
    # A NUL is escaped in both texts, yet whoever reads a value out of them gets it.
    if not strict_json.is_storable(canonical) or "\\u0000" in canonical.replace("\\\\", ""):
        return _refused(entity, strict_json.INVALID_TEXT)
    if entity is SEGMENTS and not _are_valid_criteria(document):
        return _refused(entity, "invalid_criteria")
    return Document(strict_json.dump(document), canonical, None, None)


def _refused(entity: Entity, reason: str) -> Document:
    return Document(None, None, reason, entity.document)


def _are_valid_criteria(criteria: dict[str, Any]) -> bool:
    if len(criteria) != 1 or not criteria.keys() <= {"all", "any"}:
        return False
    (conditions,) = criteria.values()
    return isinstance(conditions, list) and bool(conditions) and all(map(_is_valid_condition, conditions))


def _is_valid_condition(condition: Any) -> bool:
    if not isinstance(condition, dict) or not condition.keys() <= {"field", "op", "value"}:
        return False
    field, operator = condition.get("field"), condition.get("op")
    if type(field) is not str or not field or operator not in CRITERIA_OPERATORS:
        return False
    if operator in _OPERATORS_WITHOUT_VALUE:
        return True
    value = condition.get("value")
    if operator in ("in", "not_in"):
        return isinstance(value, list) and bool(value) and all(map(_is_scalar, value))
    return _is_scalar(value)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (str, bool))  # a number is text here
