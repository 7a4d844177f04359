"""JSON objects as SQL: the text of a row written again, and its canonical form.

Canonical: keys sorted, no nulls, scalars as text, times as UTC milliseconds.
"""

# Only names from entities.py are put into SQL; values are parameters, variables or Arrow tables

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import Enum

from ingest.documents import FLAT_CANONICAL_SQL
from ingest.entities import Entity
from ingest.fields import quoted


class WhenNull(Enum):
    """What a member is where its value is null. NEVER: it is not, or else the text means nothing."""

    NEVER = "never"
    OMITTED = "omitted"
    WRITTEN = "null"


@dataclass(frozen=True)
class Member:
    """A member of an object. value: expression of its JSON, or of the text between the quotes."""

    key: str
    value: str
    when_null: WhenNull
    is_in_quotes: bool = False


def object_sql(members: Sequence[Member], blank: str = "", end: str = "") -> str:
    """The text of an object: one concatenation, in which a value that is never null is copied once.

    blank: what stands after each comma and colon. end: what follows the object.
    Raises ValueError when every member may be omitted.
    """
    # Those before the first that is always there end with their comma, those after it begin with it.
    first = min(number for number, member in enumerate(members) if member.when_null is not WhenNull.OMITTED)
    literal, pieces = "{", []
    for number, member in enumerate(members):
        before = f",{blank}" if number > first else ""
        after = f",{blank}" if number < first else ""
        quote = '"' if member.is_in_quotes else ""
        opening, closing = f'{before}"{member.key}":{blank}{quote}', f"{quote}{after}"
        if member.when_null is WhenNull.NEVER:
            pieces += [f"'{literal}{opening}'", member.value]
            literal = closing
            continue
        whole = " || ".join([f"'{opening}'", member.value, *([f"'{closing}'"] if closing else [])])
        if member.when_null is WhenNull.WRITTEN:
            whole = f"""coalesce({whole}, '{before}"{member.key}":{blank}null{after}')"""
        pieces += [*([f"'{literal}'"] if literal else []), whole]
        literal = ""
    return f"concat({', '.join(pieces)}, '{literal}}}{end}')"


def json_sql(name: str) -> str:
    """A field's text as JSON, in quotes; null where the field is."""
    return f"to_json({quoted(name)})"


def json_column(name: str) -> str:
    """The column that holds what `json_sql` gives."""
    return f'"{name} json"'


def text_fields(entity: Entity) -> list[str]:
    """The fields that are texts of their own: neither times nor documents."""
    return [name for name in entity.fields if name not in entity.timestamps]


def canonical_sql(
    entity: Entity,
    document: str,
    json_of: Callable[[str], str] | None,
    never_null: Collection[str] = (),
) -> str:
    """The canonical JSON of a row of checked fields that has no fault.

    document: expression of the document's canonical JSON. json_of: expression of a text field as JSON; None: no text
    holds what JSON escapes. never_null: fields that are not, beside those a row must have.
    """
    there = {*entity.required, *dict(entity.defaults), *never_null}
    members = []
    for name in sorted(entity.contract_fields):
        when_null = WhenNull.NEVER if name in there else WhenNull.OMITTED
        if name == entity.document:
            members.append(Member(name, document, when_null))
        elif name in entity.timestamps:
            members.append(Member(name, f"epoch_ms({name}_utc)", when_null, is_in_quotes=True))
        elif name == "granted":
            members.append(Member(name, f"lower({name})", when_null, is_in_quotes=True))
        elif json_of:
            members.append(Member(name, json_of(name), when_null))
        else:
            members.append(Member(name, quoted(name), when_null, is_in_quotes=True))
    return object_sql(members)


def flat_document_sql(entity: Entity) -> str:
    """The canonical JSON of a row's flat document; null without one."""
    if entity.document is None:
        return "null"
    return f"case when is_flat_document then {FLAT_CANONICAL_SQL.format(document=entity.document)} end"
