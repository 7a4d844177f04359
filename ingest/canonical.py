"""A row's canonical JSON in SQL: keys sorted, no nulls, scalars as text, times as UTC milliseconds."""

# Only names from entities.py are put into SQL; values are parameters, variables or Arrow tables

from ingest.documents import FLAT_CANONICAL_SQL
from ingest.entities import Entity
from ingest.fields import quoted


def member_column(name: str) -> str:
    """The column that holds a text field as a JSON member, as `member_sql` gives it."""
    return f'"{name} member"'


def member_sql(column: str, key: str, has_escapes: bool = True, blank: str = "") -> str:
    """A column of text as a member of a JSON object, `"key":"text"`; null where the column is.

    has_escapes: whether the text may hold what JSON escapes. blank: what stands after the colon.
    """
    text = f"to_json({column})" if has_escapes else f"""'"' || {column} || '"'"""
    return f"""'"{key}":{blank}' || {text}"""


def text_fields(entity: Entity) -> list[str]:
    """The fields that are texts of their own: neither times nor documents."""
    return [name for name in entity.fields if name not in entity.timestamps]


def canonical_sql(entity: Entity, document: str, *, members_are_columns: bool) -> str:
    """The canonical JSON of a row of checked fields.

    document: expression of the document's canonical JSON. members_are_columns: or else they are built here.
    """
    members = []
    for name in sorted(entity.contract_fields):
        if name == entity.document:
            members.append(f"""'"{name}":' || {document}""")
        elif name in entity.timestamps:
            members.append(f"""'"{name}":"' || epoch_ms({name}_utc) || '"'""")
        elif name == "granted":
            members.append(member_sql(f"lower({name})", name))
        else:
            members.append(member_column(name) if members_are_columns else member_sql(quoted(name), name))
    return f"concat('{{', concat_ws(',', {', '.join(members)}), '}}')"


def flat_document_sql(entity: Entity) -> str:
    """The canonical JSON of a row's flat document; null without one."""
    if entity.document is None:
        return "null"
    return f"case when is_flat_document then {FLAT_CANONICAL_SQL.format(document=entity.document)} end"
