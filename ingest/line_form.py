"""How the lines of a chunk are written, so that a line is known to be plain when writing its fields again gives it.

Programs write every line the same way: the same keys in the same order, the same blanks. Where the text that is built
from a line's parsed fields equals the line byte for byte, the line is strict JSON, holds no key twice, none unknown and
no value that a lenient parser could have read in another way. Whatever differs is judged by `strict_json`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ingest import strict_json
from ingest.canonical import member_column, member_sql, text_fields
from ingest.entities import Entity
from ingest.fields import quoted

SAMPLE_LINES = 64


@dataclass(frozen=True)
class LineForm:
    """How lines are written.

    keys: in their order. omitted: those left out where they are null. numbers: those written without quotes.
    blank: what stands after each comma and colon, "" or " ".
    """

    keys: tuple[str, ...]
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
    omitted = frozenset(key for key in keys if any(key not in row for row in rows))
    numbers = frozenset(key for key in keys if any(isinstance(row.get(key), strict_json.Number) for row in rows))
    return LineForm(tuple(keys), omitted, numbers, blank)


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

    Over the fields as they count and their members (`canonical`): where those differ from what the line holds, as for
    an empty text, the line is not plain. A document is taken as it is and has to be judged beside this.
    has_escapes: whether any line holds what JSON escapes.
    """
    members = [_member_sql(entity, form, key, has_escapes) for key in form.keys]
    is_number = [
        f"coalesce(regexp_full_match({_field(entity, key)}, '0|[1-9][0-9]{{0,14}}'), true)" for key in form.numbers
    ]
    written = f"concat('{{', concat_ws(',{form.blank}', {', '.join(members)}), '}}', chr(10))"
    return " and ".join([f"text = {written}", *is_number])


def as_given(name: str) -> str:
    """The column that holds a field with a default as it stands in the line."""
    return f'"{name} as given"'


def _field(entity: Entity, key: str) -> str:
    return as_given(key) if key in dict(entity.defaults) else quoted(dict(entity.aliases).get(key, key))


def _member_sql(entity: Entity, form: LineForm, key: str, has_escapes: bool) -> str:
    field = _field(entity, key)
    if key == entity.document:
        member = f"""'"{key}":{form.blank}' || {_spaced_sql(field) if form.blank else field}"""
    elif key in form.numbers:
        member = f"""'"{key}":{form.blank}' || {field}"""
    elif field == quoted(key) and key in text_fields(entity) and not form.blank:
        member = member_column(key)
    else:
        member = member_sql(field, key, has_escapes, form.blank)
    return member if key in form.omitted else f"""coalesce({member}, '"{key}":{form.blank}null')"""


def _spaced_sql(document: str) -> str:
    """The parser gives a document back without blanks; where a text in it ends in a comma, this does not restore it."""
    return f"""replace(replace({document}, ',"', ', "'), '":', '": ')"""
