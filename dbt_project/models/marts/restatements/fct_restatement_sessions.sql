{{ config(
    materialized='incremental',
    incremental_strategy='replace_unpublished',
    full_refresh=false,
    on_schema_change='append_new_columns'
) }}

-- Only sessions that a build has replaced since the last publication can differ from what readers see, so only those
-- are laid side by side. When a rotation of keys gave every session another id, nothing can be told of them.
with

publication as (

    select * from {{ ref('int_publication') }}

),

rotations as (

    select pending_kind
    from {{ ref('stg_pending') }}
    where pending_kind = 'rotation'

),

replaced_sessions as (

    select
        session_id,
        workspace_id,
        user_key,
        client_session_key,
        started_at,
        ended_at
    from {{ source('ops', 'replaced_sessions') }}
    where not is_bot

),

rebuilt_sessions as (

    select
        sessions.session_id,
        sessions.workspace_id,
        sessions.user_key,
        sessions.client_session_key,
        sessions.started_at,
        sessions.ended_at
    from {{ ref('int_sessions') }} as sessions
    inner join publication on sessions.publication_id > publication.last_publication_id
    where not sessions.is_bot

),

-- A session that was rebuilt the same overlaps no other: both lie side by side in one sequence of a user's events.
former_sessions as (

    select replaced.*
    from replaced_sessions as replaced
    left join rebuilt_sessions as same
        on replaced.session_id = same.session_id
            and replaced.started_at = same.started_at
            and replaced.ended_at = same.ended_at
    where same.session_id is null

),

new_sessions as (

    select rebuilt.*
    from rebuilt_sessions as rebuilt
    left join replaced_sessions as same
        on rebuilt.session_id = same.session_id
            and rebuilt.started_at = same.started_at
            and rebuilt.ended_at = same.ended_at
    where same.session_id is null

),

shared_times as (

    select
        new_sessions.workspace_id,
        new_sessions.session_id,
        former_sessions.session_id as former_session_id
    from new_sessions
    inner join former_sessions
        on new_sessions.user_key = former_sessions.user_key
            and coalesce(new_sessions.client_session_key, '') = coalesce(former_sessions.client_session_key, '')
            and new_sessions.started_at <= former_sessions.ended_at
            and new_sessions.ended_at >= former_sessions.started_at

),

merged_sessions as (

    select
        workspace_id,
        session_id
    from shared_times
    group by workspace_id, session_id
    having count(*) > 1

),

split_sessions as (

    select
        workspace_id,
        former_session_id
    from shared_times
    group by workspace_id, former_session_id
    having count(*) > 1

),

-- Each session adds to the counts that it stands for.
counted_sessions as (

    select
        new_sessions.workspace_id,
        1 as added,
        0 as retired,
        0 as merged,
        0 as split
    from new_sessions
    left join former_sessions on new_sessions.session_id = former_sessions.session_id
    where former_sessions.session_id is null

    union all

    select
        former_sessions.workspace_id,
        0 as added,
        1 as retired,
        0 as merged,
        0 as split
    from former_sessions
    left join new_sessions on former_sessions.session_id = new_sessions.session_id
    where new_sessions.session_id is null

    union all

    select
        workspace_id,
        0 as added,
        0 as retired,
        1 as merged,
        0 as split
    from merged_sessions

    union all

    select
        workspace_id,
        0 as added,
        0 as retired,
        0 as merged,
        1 as split
    from split_sessions

),

changes as (

    select
        workspace_id,
        sum(added) as sessions_added,
        sum(retired) as sessions_retired,
        sum(merged) as sessions_merged,
        sum(split) as sessions_split
    from counted_sessions
    group by workspace_id

),

sessions_now as (

    select
        sessions.workspace_id,
        count(*) as sessions_after,
        count(case when sessions.publication_id <= publication.last_publication_id then 1 end) as sessions_kept
    from {{ ref('int_sessions') }} as sessions
    cross join publication
    where not sessions.is_bot
    group by sessions.workspace_id

),

sessions_replaced as (

    select
        workspace_id,
        count(*) as sessions
    from replaced_sessions
    group by workspace_id

)

select
    publication.publication_id,
    publication.run_at,
    changes.workspace_id,
    coalesce(sessions_now.sessions_kept, 0) + coalesce(sessions_replaced.sessions, 0) as sessions_before,
    cast(changes.sessions_added as bigint) as sessions_added,
    cast(changes.sessions_retired as bigint) as sessions_retired,
    cast(changes.sessions_merged as bigint) as sessions_merged,
    cast(changes.sessions_split as bigint) as sessions_split,
    coalesce(sessions_now.sessions_after, 0) as sessions_after
from changes
cross join publication
left join sessions_now on changes.workspace_id = sessions_now.workspace_id
left join sessions_replaced on changes.workspace_id = sessions_replaced.workspace_id
where not exists (select 1 from rotations)
