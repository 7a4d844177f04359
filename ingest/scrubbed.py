"""Scrubbing a chunk in the reader's engine: the few texts that have to change, as small tables to join.

Most chunks hold none. Then there is nothing to join, and the cost is one regular expression over each text.
"""

# Only names from entities.py are put into SQL; values are parameters, variables or Arrow tables

from collections.abc import Callable, Collection

import duckdb
import pyarrow as pa

from ingest import strict_json
from ingest.entities import (
    CONSENTS,
    ERASURES,
    EVENTS,
    FEATURES,
    FUNNELS,
    GOALS,
    SEGMENTS,
    USERS,
    WORKSPACES,
    Entity,
)
from ingest.fields import quoted
from ingest.privacy import Keys
from ingest.scrub import SUSPICIOUS, UUID, names_somebody, page_of, scrub, scrub_document

# The fields that are stored as they come but for this. Ids of workspaces are names that settings and reports use.
_TEXTS = {
    EVENTS: ("event_name", "device_type", "browser", "os", "country_code"),
    USERS: (),
    WORKSPACES: ("name",),
    FEATURES: ("feature_name", "category"),
    GOALS: ("goal_name", "event_name", "page_path"),
    SEGMENTS: ("segment_name",),
    FUNNELS: ("funnel_name",),
    CONSENTS: ("purpose",),
    ERASURES: (),
}
_SCHEMA = pa.schema([("given", pa.string()), ("stored", pa.string())])
# Ids as long as UUIDs or MD5 hashes, nearly all, are no numbers that people have.
_UNUSUAL_ID = """case
    when strlen(event_id) not in (32, 36)
        or contains(event_id, '@') or contains(event_id, '%') or contains(event_id, '+')
        then event_id
end"""
_IS_LONGER_PAGE = "(contains({text}, '?') or contains({text}, '#') or contains({text}, '://'))"
# Ids in the form of UUIDs are frequent and would be taken for tokens.
_IS_SUSPICIOUS = "regexp_matches(regexp_replace({text}, getvariable('uuid'), '~', 'g'), getvariable('suspicious'))"


def install(engine: duckdb.DuckDBPyConnection) -> None:
    """Hand the expressions to a connection as variables."""
    engine.execute("set variable suspicious = $1", [SUSPICIOUS])
    engine.execute("set variable uuid = $1", [UUID])


def scrub_chunk(
    engine: duckdb.DuckDBPyConnection, entity: Entity, keys: Keys, kept_parameters: Collection[str]
) -> frozenset[str]:
    """Table `scrubbed_<field>` (given, stored) for each field of the good rows of `checked` in which a text changes.

    Returns the names of these fields.
    """
    rewrites = _rewrites(engine, entity, keys, kept_parameters)
    found = engine.execute(_texts_to_look_at_sql(entity)).fetchall() if rewrites else []
    changed = set()
    for name, texts in found:
        rows = [(text, stored) for text, stored in rewrites[name](texts) if stored != text]
        if rows:
            columns = zip(*rows, strict=True)
            arrays = [pa.array(column, pa.string()) for column in columns]
            engine.register(_table_name(name), pa.table(arrays, schema=_SCHEMA))
            changed.add(name)
    return frozenset(changed)


def stored_sql(name: str, given: str, changed: Collection[str]) -> str:
    """Expression of a field as it is stored. given: the column of the field; it is joined by `join_sql`."""
    table = _table_name(name)
    return f"case when {table}.given is null then {given} else {table}.stored end" if name in changed else given


def join_sql(name: str, given: str, changed: Collection[str]) -> str:
    """The join that `stored_sql` needs."""
    table = _table_name(name)
    return f"left join {table} on {given} = {table}.given" if name in changed else ""


def scrubbed_fields(entity: Entity) -> tuple[str, ...]:
    """The fields of which `scrub_chunk` may change a text, the document left out."""
    return (*_TEXTS[entity], *(("page_path", "event_id") if entity is EVENTS else ()))


def _table_name(name: str) -> str:
    return f"scrubbed_{name}"


def _texts_to_look_at_sql(entity: Entity) -> str:
    """SELECT of field and list of its distinct texts that may have to change.

    All texts of a row are tried as one, for most rows hold none: an expression a field was measured three times as
    dear, most of it for compiling them.
    """
    columns = {name: quoted(name) for name in _TEXTS[entity]}
    if entity.document:
        columns[entity.document] = entity.document
    is_longer_page = is_longer = "false"
    if entity is EVENTS:
        columns |= {"page_path": "page_path", "event_id": _UNUSUAL_ID}
        is_longer_page = f"coalesce({_IS_LONGER_PAGE.format(text='page_path')}, false)"
        is_longer = f"(field = 'page_path' and {_IS_LONGER_PAGE.format(text='text')})"
    members = ", ".join(f"{{'field': '{name}', 'text': {column}}}" for name, column in columns.items())
    return f"""
        with rows_to_look_at as (
            select unnest([{members}]) as member
            from checked
            where reason is null and (
                {is_longer_page}
                or regexp_matches(concat_ws(chr(10), {", ".join(columns.values())}), getvariable('suspicious'))
            )
        ),
        texts as (select distinct member.field as field, member.text as text from rows_to_look_at)
        select field, list(text)
        from texts
        where text is not null and ({is_longer} or {_IS_SUSPICIOUS.format(text="text")})
        group by field
    """


_Rewrite = Callable[[list[str]], list[tuple[str, str | None]]]


def _rewrites(
    engine: duckdb.DuckDBPyConnection, entity: Entity, keys: Keys, kept_parameters: Collection[str]
) -> dict[str, _Rewrite]:
    """Field -> what gives each of its texts with the one to store."""

    def texts(given: list[str]) -> list[tuple[str, str | None]]:
        return [(text, scrub(text)) for text in given]

    def pages(given: list[str]) -> list[tuple[str, str | None]]:
        paths = {text: page_of(text, kept_parameters) for text in given}
        clean = dict(texts(_suspicious(engine, {path for path in paths.values() if path})))
        return [(text, clean.get(path, path)) for text, path in paths.items()]

    def ids(given: list[str]) -> list[tuple[str, str | None]]:
        return [(text, keys.hash("event_id", text) if names_somebody(text) else text) for text in given]

    rewrites: dict[str, _Rewrite] = dict.fromkeys(_TEXTS[entity], texts)
    if entity is EVENTS:
        rewrites |= {"page_path": pages, "event_id": ids}
    if entity.document:
        rewrites[entity.document] = _documents
    return rewrites


def _suspicious(engine: duckdb.DuckDBPyConnection, texts: Collection[str]) -> list[str]:
    if not texts:
        return []
    sql = f"select text from (select unnest($1::varchar[]) as text) where {_IS_SUSPICIOUS.format(text='text')}"
    return [text for (text,) in engine.execute(sql, [list(texts)]).fetchall()]


def _documents(given: list[str]) -> list[tuple[str, str | None]]:
    return [(text, _scrubbed_document(text)) for text in given]


def _scrubbed_document(text: str) -> str:
    """The document's text; itself where nothing in it changes, or where strict JSON refuses it, and so its row."""
    try:
        document = strict_json.parse(text)
    except strict_json.Refused:
        return text
    scrubbed = scrub_document(document)
    stored = text if scrubbed == document else strict_json.dump(scrubbed)
    return stored if strict_json.is_storable(stored) else text
