"""The reader's last step as SQL: from checked fields to the columns of the raw tables, in their order."""

# Only names from entities.py are put into SQL; values are parameters, variables or Arrow tables

from ingest.documents import FLAT_CANONICAL_SQL
from ingest.entities import CONSENTS, EVENT_TYPES, EVENTS, FEATURES, FUNNELS, GOALS, SEGMENTS, USERS, WORKSPACES, Entity
from ingest.fields import quoted
from ingest.privacy import hash_sql, session_key_sql, user_key_sql
from ingest.validate import decimal_sql, referrer_host_sql

_DETAILS = """json_transform(document, '{"category":"VARCHAR","duration":"VARCHAR","revenue":"VARCHAR"}')"""
# A category that is an object or a list names none; only documents that are not flat can hold one.
_CATEGORY = """case
    when is_flat_document or json_type(document, '$.category') not in ('OBJECT', 'ARRAY') then details.category
end"""
_DURATION = decimal_sql("details.duration")
_UPDATED_AT = "coalesce(updated_at_utc, getvariable('load_clock'))"

# Users, sessions and addresses repeat within a chunk: only the distinct ones are hashed. Keeping the hashes from chunk
# to chunk was measured no faster.
EVENT_HASHES_SQL = (
    f"""create or replace temp table user_keys as
        select workspace_id, user_id, {user_key_sql()} as user_key
        from (select distinct workspace_id, user_id from checked where reason is null)""",
    f"""create or replace temp table session_keys as
        select workspace_id, user_id, session_id, {session_key_sql()} as client_session_key
        from (
            select distinct workspace_id, user_id, session_id from checked
            where reason is null and session_id is not null
        )""",
    f"""create or replace temp table ip_hashes as
        select ip_address, {hash_sql("ip", "ip_address")} as ip_hash
        from (select distinct ip_address from checked where reason is null and ip_address is not null)""",
)

_COLUMNS = {
    EVENTS: {
        "referrer_host": referrer_host_sql(),
        "device_type": "coalesce(hashed.device_type, traits.device_type)",
        "browser": "coalesce(hashed.browser, traits.browser)",
        "os": "coalesce(hashed.os, traits.os)",
        "is_bot": "coalesce(traits.is_bot, false)",
        "metadata": "document",
        "metadata_category": f"nullif({_CATEGORY}, '')",
        "seconds_spent": f"case when ({_DURATION}) >= 0 then {_DURATION} end",
        "revenue": f"case when event_type = 'custom' then {decimal_sql('details.revenue')} end",
        "created_at": "created_at_utc",
    },
    USERS: {
        "user_key": user_key_sql(),
        "created_at": "created_at_utc",
        "attributes": "document",
        "updated_at": _UPDATED_AT,
    },
    WORKSPACES: {"workspace_name": "name", "updated_at": _UPDATED_AT},
    FEATURES: {"updated_at": _UPDATED_AT},
    GOALS: {"updated_at": _UPDATED_AT},
    SEGMENTS: {"criteria": "document", "updated_at": _UPDATED_AT},
    FUNNELS: {"steps": "document", "window_hours": "cast(window_hours as bigint)", "updated_at": _UPDATED_AT},
    CONSENTS: {"user_key": user_key_sql(), "is_granted": "lower(granted) = 'true'", "decided_at": "at_utc"},
}

_FROM_EVENTS = """hashed
    join user_keys using (workspace_id, user_id)
    left join session_keys using (workspace_id, user_id, session_id)
    left join ip_hashes using (ip_address)
    left join traits using (user_agent)"""


def accepted_sql(entity: Entity) -> str:
    """SELECT of the entity's raw table from `checked`, `documents` and, for events, the tables of their hashes."""
    expressions = {
        "load_id": "cast(getvariable('load_id') as bigint)",
        **_COLUMNS[entity],
    }
    columns = ",\n".join(f"{expressions.get(name, name)} as {name}" for name in entity.table.column_names)
    source = _FROM_EVENTS if entity is EVENTS else "hashed"
    return f"with {_described(entity)}, {_canonical(entity)}, {_hashed(entity)} select {columns} from {source}"


def rejected_sql(entity: Entity) -> str:
    """SELECT of position, line, reason, field, the contract fields, and the names of those to be shown in clear."""
    shown = [f"case when {name}_utc is not null then '{name}' end" for name in entity.timestamps]
    if entity is EVENTS:
        shown.append(f"case when event_type in {EVENT_TYPES} then 'event_type' end")
    names = ", ".join(f"checked.{quoted(name)}" for name in entity.contract_fields)
    join = f"left join documents on checked.{entity.document} = documents.given" if entity.document else ""
    reason = "coalesce(checked.reason, documents.reason)" if entity.document else "checked.reason"
    field = "case when checked.reason is null then documents.field else checked.field end" if join else "checked.field"
    return f"""
        select position, line, {reason}, {field}, {names}, [{", ".join(shown)}]
        from checked {join}
        where {reason} is not null
    """


def _described(entity: Entity) -> str:
    """CTE of the good rows with their document as stored and as hashed."""
    if entity.document is None:
        return "described as (select * from checked where reason is null)"
    flat_canonical = FLAT_CANONICAL_SQL.format(document=f"checked.{entity.document}")
    return f"""
        with_document as (
            select
                checked.*,
                coalesce(documents.document, checked.{entity.document}) as document,
                case when is_flat_document then {flat_canonical} else documents.canonical end as canonical_document
            from checked
            left join documents on checked.{entity.document} = documents.given
            where checked.reason is null and documents.reason is null
        ),
        described as (select *, {_DETAILS} as details from with_document)
    """


def _canonical(entity: Entity) -> str:
    """CTE that adds `canonical`: the row's JSON: keys sorted, no nulls, scalars as text, times as milliseconds."""
    members = []
    for name in sorted(entity.contract_fields):
        if name == entity.document:
            value = "canonical_document"
        elif name in entity.timestamps:
            value = f"""'"' || epoch_ms({name}_utc) || '"'"""
        else:
            value = f"to_json({'lower(granted)' if name == 'granted' else quoted(name)})"
        members.append(f"""'"{name}":' || {value}""")
    canonical = f"'{{' || concat_ws(',', {', '.join(members)}) || '}}'"
    return f"canonical_rows as (select *, {canonical} as canonical from described)"


def _hashed(entity: Entity) -> str:
    """CTE that replaces `canonical` by what is hashed from it, before any join makes the engine compute it twice."""
    # A CASE, because coalesce would hash every row, also those that have an id.
    replaced = (
        f"replace (case when event_id is null then {hash_sql('event_id', 'canonical')} else event_id end as event_id)"
        if entity is EVENTS
        else ""
    )
    content_hash = hash_sql("dedup", "canonical")
    return f"hashed as (select * exclude (canonical) {replaced}, {content_hash} as content_hash from canonical_rows)"
