"""JSON documents inside rows: an event's metadata, a user's attributes, a segment's criteria, a funnel's steps."""

from typing import NamedTuple

from ingest import funnels, strict_json
from ingest.criteria import Refused, read_criteria
from ingest.entities import FUNNELS, SEGMENTS, Entity

# Canonical text of a flat object, as `strict_json.canonical` gives it: keys sorted, nulls left out, scalars as text.
FLAT_CANONICAL_SQL = """'{{' || coalesce(array_to_string(list_transform(
    list_sort(list_zip(json_keys({document}), json_extract_string({document}, '$.*'))),
    lambda member: to_json(member[1]) || ':' || to_json(member[2])
), ','), '') || '}}'"""
# The engine writes numbers below a ten thousandth in another way than Python.
_TINY_NUMBER = "0.0000"


class Document(NamedTuple):
    """A document's text as it is stored and as it is hashed, or the reason and field for which its row is refused."""

    text: str | None
    canonical: str | None
    reason: str | None
    field: str | None


def is_flat_sql(entity: Entity) -> str:
    """Whether the engine alone can deal with a row's document: a plain object of scalars, no key twice.

    Null without a document. Criteria and steps have rules of their own, so none of them is.
    """
    document = entity.document
    if document is None:
        return "null"
    if entity in (SEGMENTS, FUNNELS):
        return f"case when {document} is not null then false end"
    pattern = strict_json.PLAIN_OBJECT.replace("'", "''")
    return f"""case
        when {document} is null then null
        when not regexp_full_match({document}, '{pattern}') or contains({document}, '{_TINY_NUMBER}') then false
        else len(json_keys({document})) = len(list_distinct(json_keys({document})))
    end"""


def read_document(entity: Entity, text: str) -> Document:
    """Judge one document with strict JSON."""
    try:
        document = strict_json.parse_list(text) if entity is FUNNELS else strict_json.parse_object(text)
    except strict_json.Refused as refusal:
        too_deep = refusal.reason == strict_json.TOO_DEEP
        return _refused(entity, strict_json.TOO_DEEP if too_deep else f"invalid_{entity.document}")
    canonical = strict_json.canonical(document)
    # A NUL is escaped in both texts, yet whoever reads a value out of them gets it.
    if not strict_json.is_storable(canonical) or "\\u0000" in canonical.replace("\\\\", ""):
        return _refused(entity, strict_json.INVALID_TEXT)
    if entity is SEGMENTS:
        try:
            read_criteria(document)
        except Refused as refusal:
            return Document(None, None, refusal.reason, refusal.place)
    if entity is FUNNELS:
        try:
            funnels.read_steps(document)
        except funnels.Refused as refusal:
            return Document(None, None, "invalid_steps", refusal.place)
    return Document(strict_json.dump(document), canonical, None, None)


def _refused(entity: Entity, reason: str) -> Document:
    return Document(None, None, reason, entity.document)
