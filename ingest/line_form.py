"""How the lines of a chunk are written, so that a line is known to be plain when writing its fields again gives it.

Programs write every line the same way: the same keys in the same order, the same blanks. Where the text that is built
from a line's parsed fields equals the line byte for byte, the line is strict JSON, holds no key twice, none unknown and
no value that a lenient parser could have read in another way. Whatever differs is judged by `strict_json`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ingest import strict_json
from ingest.canonical import Member, WhenNull, json_column, object_sql, text_fields
from ingest.entities import Entity
from ingest.fields import quoted

SAMPLE_LINES = 64
_LINE_FEED = "\n"


@dataclass(frozen=True)
class LineForm:
    """How lines are written.

    keys: in their order. never_null: those every line has to give. omitted: those left out where they are null.
    numbers: those written without quotes. blank: what stands after each comma and colon, "" or " ".
    """

    keys: tuple[str, ...]
    never_null: frozenset[str]
    omitted: frozenset[str]
    numbers: frozenset[str]
    blank: str


def form_of(entity: Entity, lines: Iterable[str]) -> LineForm | None:
    """The form that a sample of lines suggests; None when there is none, or fields that the entity does not know."""
    rows = []
    blank = ""
    for line in lines:
        try:
            row = strict_json.parse_object(line)
        except strict_json.Refused:
            continue
        rows.append(row)
        blank = " " if '": ' in line[: line.find(":") + 2] else ""
    keys = _merged_keys([list(row) for row in rows])
    stand_ins = [target for alias, target in entity.aliases if alias in keys]
    if not keys or not set(keys) <= set(entity.accepted_names) or set(stand_ins) & set(keys):
        return None
    never_null = frozenset(
        key for key in keys if key in entity.required or all(row.get(key) not in (None, "") for row in rows)
    )
    omitted = frozenset(key for key in keys if any(key not in row for row in rows)) - never_null
    if omitted.issuperset(keys):
        return None
    numbers = frozenset(key for key in keys if any(isinstance(row.get(key), strict_json.Number) for row in rows))
    return LineForm(tuple(keys), never_null, omitted, numbers, blank)


def _merged_keys(rows: list[list[str]]) -> list[str]:
    """One order of all keys: those a longer row lacks stand after the key they follow."""
    merged: list[str] = []
    for keys in sorted(rows, key=len, reverse=True):
        position = 0
        for key in keys:
            if key in merged:
                position = merged.index(key) + 1
            else:
                merged.insert(position, key)
                position += 1
    return merged


def is_plain_sql(entity: Entity, form: LineForm, has_escapes: bool) -> str:
    """Whether column `text`, a line with its line feed, is what writing the row's fields again gives.

    Over the fields as they count and their JSON (`canonical`): where those differ from what the line holds, as for
    an empty text, the line is not plain. A document is taken as it is and has to be judged beside this.
    has_escapes: whether any line holds what JSON escapes.
    """
    members = [_member(entity, form, key, has_escapes) for key in form.keys]
    is_there = [f"{_field(entity, key)} is not null" for key in sorted(form.never_null)]
    is_number = [
        f"coalesce(regexp_full_match({_field(entity, key)}, '0|[1-9][0-9]{{0,14}}'), true)" for key in form.numbers
    ]
    return " and ".join([f"text = {object_sql(members, form.blank, end=_LINE_FEED)}", *is_there, *is_number])


def contract_name(entity: Entity, key: str) -> str:
    """The field that a key of a line is."""
    return dict(entity.aliases).get(key, key)


def as_given(name: str) -> str:
    """The column that holds a field with a default as it stands in the line."""
    return f'"{name} as given"'


def _field(entity: Entity, key: str) -> str:
    return as_given(key) if key in dict(entity.defaults) else quoted(contract_name(entity, key))


def _member(entity: Entity, form: LineForm, key: str, has_escapes: bool) -> Member:
    field, name = _field(entity, key), contract_name(entity, key)
    if key in form.never_null:
        when_null = WhenNull.NEVER
    else:
        when_null = WhenNull.OMITTED if key in form.omitted else WhenNull.WRITTEN
    if key == entity.document:
        return Member(key, _spaced_sql(field) if form.blank else field, when_null)
    if key in form.numbers:
        return Member(key, field, when_null)
    if has_escapes:
        is_column = field == quoted(name) and name in text_fields(entity)
        return Member(key, json_column(name) if is_column else f"to_json({field})", when_null)
    return Member(key, field, when_null, is_in_quotes=True)


def _spaced_sql(document: str) -> str:
    """The parser gives a document back without blanks; where a text in it ends in a comma, this does not restore it."""
    return f"""replace(replace({document}, ',"', ', "'), '":', '": ')"""
