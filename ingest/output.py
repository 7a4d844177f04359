"""The reader's last step as SQL: from checked fields to the columns of the raw tables, in their order."""

# Only names from entities.py are put into SQL; values are parameters, variables or Arrow tables

from collections.abc import Collection

from ingest.addresses import is_plain_address_sql
from ingest.canonical import canonical_sql, json_sql
from ingest.entities import (
    CONSENTS,
    ERASURES,
    EVENT_TYPES,
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
from ingest.privacy import digest_sql, session_key_sql, tombstone_sql, user_fingerprint_sql, user_key_sql
from ingest.scrubbed import join_sql, scrubbed_fields, stored_sql
from ingest.validate import decimal_sql, referrer_host_sql

_DETAILS = (
    """json_transform(document, '{"category":"VARCHAR","duration":"VARCHAR","revenue":"VARCHAR","gpc":"VARCHAR"}')"""
)
# A category that is an object or a list names none; only documents that are not flat can hold one.
_CATEGORY = """case
    when is_flat_document or json_type(document, '$.category') not in ('OBJECT', 'ARRAY') then details.category
end"""
_DURATION = decimal_sql("details.duration")
_UPDATED_AT = "coalesce(updated_at_utc, getvariable('load_clock'))"

# The engine sees that an address is IPv4 as it is always written; of the others `addresses` knows the one form.
ADDRESS_SQL = f"case when {is_plain_address_sql()} then ip_address else addresses.normalized end"

# Users with their sessions, addresses and browsers repeat within a chunk, and so do referrers: only the distinct ones
# are hashed and taken apart. Keeping the hashes from chunk to chunk was measured no faster.
_VISITOR = ("workspace_id", "user_id", "session_id", "ip_address", "user_agent")
VISITORS_SQL = f"""create or replace temp table distinct_visitors as
    select distinct {", ".join(_VISITOR)} from checked where reason is null"""
DISTINCT_SQL = (
    f"""create or replace temp table visitors as
        with distinct_users as (select distinct workspace_id, user_id from distinct_visitors),
        user_keys as (select *, {user_key_sql()} as user_key from distinct_users)
        select
            distinct_visitors.*,
            user_key,
            {session_key_sql()} as client_session_key,
            {digest_sql("ip", ADDRESS_SQL)} as ip_hash,
            traits.* exclude (user_agent)
        from distinct_visitors
        inner join user_keys using (workspace_id, user_id)
        left join traits using (user_agent)
        left join addresses using (ip_address)""",
    f"""create or replace temp table referrers as
        select referrer, {referrer_host_sql()} as referrer_host
        from (select distinct referrer from checked where reason is null and referrer is not null)""",
)

_COLUMNS = {
    EVENTS: {
        "workspace_id": "hashed.workspace_id",
        "is_bot": "coalesce(visitors.is_bot, false)",
        "is_gpc": "coalesce(details.gpc = 'true', false)",
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
    WORKSPACES: {"updated_at": _UPDATED_AT},
    FEATURES: {"updated_at": _UPDATED_AT},
    GOALS: {"updated_at": _UPDATED_AT},
    SEGMENTS: {"criteria": "document", "updated_at": _UPDATED_AT},
    FUNNELS: {"steps": "document", "window_hours": "cast(window_hours as bigint)", "updated_at": _UPDATED_AT},
    ERASURES: {
        "user_key": user_key_sql(),
        "user_fingerprint": user_fingerprint_sql(),
        "tombstone": tombstone_sql(),
        "requested_at": "requested_at_utc",
    },
    CONSENTS: {"user_key": user_key_sql(), "is_granted": "lower(granted) = 'true'", "decided_at": "at_utc"},
}

_SAME_VISITOR = " and ".join(f"hashed.{name} is not distinct from visitors.{name}" for name in _VISITOR)
_FROM_EVENTS = f"hashed inner join visitors on {_SAME_VISITOR} left join referrers using (referrer)"


def accepted_sql(entity: Entity, changed: Collection[str] = ()) -> str:
    """SELECT of the entity's raw table from `checked`, `documents` and, for events, the tables of their hashes.

    load_id is null, for the rows of a chunk may be of several loads, and line is that in the chunk.

    changed: the fields of which texts are scrubbed, see `scrubbed.scrub_chunk`.
    """
    texts = {name: stored_sql(name, f"hashed.{quoted(name)}", changed) for name in scrubbed_fields(entity)}
    expressions = {"load_id": "cast(null as bigint)", **texts, **_COLUMNS[entity]}
    if entity is EVENTS:
        for name in ("device_type", "browser", "os"):
            expressions[name] = f"coalesce({texts[name]}, visitors.{name})"
    elif entity is WORKSPACES:
        expressions["workspace_name"] = texts["name"]
    columns = ",\n".join(f"{expressions.get(name, name)} as {name}" for name in entity.table.column_names)
    joins = [join_sql(name, f"hashed.{quoted(name)}", changed) for name in texts]
    source = _FROM_EVENTS if entity is EVENTS else "hashed"
    return f"with {_hashed(entity, changed)} select {columns} from {source} {' '.join(joins)}"


def rejected_sql(entity: Entity, *, has_refused_documents: bool) -> str:
    """SELECT of position, line, reason, field, the contract fields, and the names of those to be shown in clear.

    has_refused_documents: whether `documents` gives a reason at all; joining it took as long as the rest.
    """
    shown = [f"case when {name}_utc is not null then '{name}' end" for name in entity.timestamps]
    if entity is EVENTS:
        shown.append(f"case when event_type in {EVENT_TYPES} then 'event_type' end")
    names = ", ".join(f"checked.{quoted(name)}" for name in entity.contract_fields)
    join, reason, field = "", "checked.reason", "checked.field"
    if has_refused_documents:
        join = f"left join documents on checked.{entity.document} = documents.given"
        reason = "coalesce(checked.reason, documents.reason)"
        field = "case when checked.reason is null then documents.field else checked.field end"
    return f"""
        select position, line, {reason}, {field}, {names}, [{", ".join(shown)}]
        from checked {join}
        where {reason} is not null
    """


def content_hashes_sql(entity: Entity, canonical: str) -> str:
    """What is hashed from a row's canonical JSON: `content_hash` and, for an event without an id, `id_of_content`."""
    columns = f"{digest_sql('dedup', canonical)} as content_hash"
    if entity is EVENTS:
        # A CASE, because coalesce would hash every row, also those that have an id.
        columns += f", case when event_id is null then {digest_sql('event_id', canonical)} end as id_of_content"
    return columns


def _hashed(entity: Entity, changed: Collection[str]) -> str:
    """CTEs of the good rows, with their document as stored, and the hashes of those that `documents` describes."""
    if entity.document is None:
        return "hashed as (select * from checked where reason is null)"
    canonical = canonical_sql(entity, "documents.canonical", json_sql)
    as_read = f"coalesce(documents.document, checked.{entity.document})"
    replaced = (
        f"case when canonical is null then content_hash else {digest_sql('dedup', 'canonical')} end as content_hash"
    )
    if entity is EVENTS:
        made = f"when canonical is null then id_of_content else {digest_sql('event_id', 'canonical')}"
        replaced += f", case when event_id is not null then event_id {made} end as event_id"
    return f"""
        described as (
            select
                checked.*,
                {stored_sql(entity.document, as_read, changed)} as document,
                case when documents.canonical is not null then {canonical} end as canonical
            from checked
            left join documents on checked.{entity.document} = documents.given
            {join_sql(entity.document, f"checked.{entity.document}", changed)}
            where checked.reason is null and documents.reason is null
        ),
        hashed as (select * replace ({replaced}), {_DETAILS} as details from described)
    """
