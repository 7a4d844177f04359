{{ config(materialized='incremental', incremental_strategy='replace_all') }}

-- Touched: every position that a pending change gave or took from an event. A span is a touched position extended to
-- the sessions within the timeout, and on to those within the timeout of these, so that no session reaches over its
-- edge: whatever is rebuilt is rebuilt whole.
-- Positions come from raw and from what reloads and backfills wrote down, never from the models themselves, so a build
-- that was broken off half way is repeated with the same positions.
with

pending as (

    select * from {{ ref('stg_pending') }}

),

-- A full refresh rebuilds every event and has no use for spans.
pending_loads as (

    select distinct load_id
    from pending
    where pending_kind = 'load'
        and not exists (
            select 1
            from pending as changes
            where changes.pending_kind = 'everything'
        )

),

loaded_positions as (

    select
        events.workspace_id,
        events.user_key,
        events.created_at as starts_at,
        events.created_at as ends_at
    from {{ ref('stg_events') }} as events
    inner join pending_loads on events.load_id = pending_loads.load_id

),

repeated_ids as (

    select distinct
        copies.workspace_id,
        copies.event_id
    from {{ ref('stg_repeated_events') }} as copies
    inner join pending_loads on copies.load_id = pending_loads.load_id

),

-- Where the surviving copy of an id was, and where it is now.
repeated_positions as (

    select
        copies.workspace_id,
        copies.user_key,
        copies.created_at as starts_at,
        copies.created_at as ends_at
    from {{ ref('stg_repeated_events') }} as copies
    inner join repeated_ids
        on copies.workspace_id = repeated_ids.workspace_id
            and copies.event_id = repeated_ids.event_id

),

recorded_positions as (

    select
        workspace_id,
        user_key,
        touched_at as starts_at,
        coalesce(touched_until, touched_at) as ends_at
    from pending
    where pending_kind in ('position', 'range')

),

pending_workspaces as (

    select distinct workspace_id
    from pending
    where pending_kind = 'workspace'

),

workspace_positions as (

    select
        events.workspace_id,
        events.user_key,
        min(events.created_at) as starts_at,
        max(events.created_at) as ends_at
    from {{ ref('stg_events') }} as events
    inner join pending_workspaces on events.workspace_id = pending_workspaces.workspace_id
    group by events.workspace_id, events.user_key

),

touched_positions as (

    select * from loaded_positions
    union
    select * from repeated_positions
    union
    select * from recorded_positions
    union
    select * from workspace_positions

),

-- Read by increments only, which the linter does not see.
touched_users as ( -- noqa: ST03

    select distinct user_key
    from touched_positions

),

-- All sessions of touched users, near or far: a session of a bot, or of another client session, overlaps the one that
-- is touched and reaches further, and so may the next one.
earlier_sessions as (

    {% if is_incremental() %}
    select
        sessions.workspace_id,
        sessions.user_key,
        sessions.started_at as starts_at,
        sessions.ended_at as ends_at
    from {{ source('previous_build', 'int_sessions') }} as sessions
    inner join touched_users on sessions.user_key = touched_users.user_key
    {% else %}
    select *
    from touched_positions
    where false
    {% endif %}

),

intervals as (

    select
        workspace_id,
        user_key,
        starts_at,
        ends_at,
        max(is_touched) as is_touched
    from (
        select
            touched_positions.*,
            1 as is_touched
        from touched_positions
        union all
        select
            earlier_sessions.*,
            0 as is_touched
        from earlier_sessions
    ) as all_intervals
    group by workspace_id, user_key, starts_at, ends_at

),

span_starts as (

    select
        *,
        case
            when starts_at <= max(ends_at) over earlier_intervals + {{ session_timeout() }} then 0
            else 1
        end as starts_span
    from intervals
    window earlier_intervals as (
        partition by user_key
        order by starts_at, ends_at
        rows between unbounded preceding and 1 preceding
    )

),

numbered as (

    select
        *,
        sum(starts_span) over (
            partition by user_key
            order by starts_at, ends_at
            rows between unbounded preceding and current row
        ) as span_number
    from span_starts

)

select
    workspace_id,
    user_key,
    min(starts_at) as starts_at,
    max(ends_at) as ends_at
from numbered
group by workspace_id, user_key, span_number
having max(is_touched) = 1
