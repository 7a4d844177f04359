"""Scrubbing a chunk in the reader's engine: the few texts that have to change, as small tables to join.

Most chunks hold none. Then there is nothing to join, and the cost is one regular expression over each text.
"""

# Only names from entities.py are put into SQL; values are parameters, variables or Arrow tables

from collections.abc import Callable, Collection

import duckdb
import pyarrow as pa

from ingest import strict_json
from ingest.entities import CONSENTS, EVENTS, FEATURES, FUNNELS, GOALS, SEGMENTS, USERS, WORKSPACES, Entity
from ingest.fields import quoted
from ingest.privacy import Keys
from ingest.scrub import PERSONAL, SUSPICIOUS, UUID, names_somebody, page_of, scrub, scrub_document

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
}
_SCHEMA = pa.schema([("given", pa.string()), ("stored", pa.string())])
# Two steps: the second one, without ids in the form of UUIDs, is only for the texts of the first.
_IS_SUSPICIOUS = """case when regexp_matches({text}, getvariable('suspicious'))
    then regexp_matches(regexp_replace({text}, getvariable('uuid'), '~', 'g'), getvariable('suspicious')) end"""


def install(engine: duckdb.DuckDBPyConnection) -> None:
    """Hand the expressions to a connection as variables."""
    engine.execute("set variable suspicious = $1", [SUSPICIOUS])
    engine.execute("set variable personal = $1", [PERSONAL])
    engine.execute("set variable uuid = $1", [UUID])


def scrub_chunk(
    engine: duckdb.DuckDBPyConnection, entity: Entity, keys: Keys, kept_parameters: Collection[str]
) -> frozenset[str]:
    """Table `scrubbed_<field>` (given, stored) for each field of the good rows of `checked` in which a text changes.

    Returns the names of these fields.
    """
    rewrites = _rewrites(engine, entity, keys, kept_parameters)
    tests = [f"list(distinct {quoted(name)}) filter ({test})" for name, (test, _) in rewrites.items()]
    if not tests:
        return frozenset()
    (found,) = engine.execute(f"select {', '.join(tests)} from checked where reason is null").fetchall()
    changed = set()
    for (name, (_, rewrite)), texts in zip(rewrites.items(), found, strict=True):
        rows = [(text, stored) for text, stored in rewrite(texts or []) if stored != text]
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


_Rewrite = Callable[[list[str]], list[tuple[str, str | None]]]


def _rewrites(
    engine: duckdb.DuckDBPyConnection, entity: Entity, keys: Keys, kept_parameters: Collection[str]
) -> dict[str, tuple[str, _Rewrite]]:
    """Field -> the test of a text that may have to change, and what gives each such text with the one to store."""

    def texts(given: list[str]) -> list[tuple[str, str | None]]:
        return [(text, scrub(text)) for text in given]

    def pages(given: list[str]) -> list[tuple[str, str | None]]:
        paths = {text: page_of(text, kept_parameters) for text in given}
        clean = dict(texts(_suspicious(engine, {path for path in paths.values() if path})))
        return [(text, clean.get(path, path)) for text, path in paths.items()]

    def ids(given: list[str]) -> list[tuple[str, str | None]]:
        return [(text, keys.hash("event_id", text) if names_somebody(text) else text) for text in given]

    rewrites: dict[str, tuple[str, _Rewrite]] = {
        name: (_IS_SUSPICIOUS.format(text=quoted(name)), texts) for name in _TEXTS[entity]
    }
    if entity is EVENTS:
        has_more = "regexp_matches(page_path, '[?#]|://')"
        rewrites["page_path"] = f"{has_more} or {_IS_SUSPICIOUS.format(text='page_path')}", pages
        rewrites["event_id"] = "regexp_matches(event_id, getvariable('personal'))", ids
    if entity.document:
        rewrites[entity.document] = _IS_SUSPICIOUS.format(text=entity.document), _documents
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
