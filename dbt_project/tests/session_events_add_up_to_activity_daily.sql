{{ config(meta={'dagster': {'ref': {'name': 'fct_activity_daily'}}}) }}

{# A session that runs over --as-of counts whole, so fct_sessions may then hold more events than the days shown. #}
{%- set disagrees = '<' if var('as_of') else '<>' -%}
with

session_events as (

    select
        workspace_id,
        sum(case when is_bot then 0 else events end) as events,
        sum(case when is_bot then events else 0 end) as bot_events
    from {{ ref('fct_sessions') }}
    group by workspace_id

    union all

    select
        workspace_id,
        sum(events) as events,
        sum(bot_events) as bot_events
    from {{ source('ops', 'expired_days') }}
    group by workspace_id

),

session_totals as (

    select
        workspace_id,
        sum(events) as events,
        sum(bot_events) as bot_events
    from session_events
    group by workspace_id

),

daily_events as (

    select
        workspace_id,
        sum(events) as events,
        sum(bot_events) as bot_events
    from {{ ref('fct_activity_daily') }}
    group by workspace_id

),

violations as (

    select
        coalesce(session_totals.workspace_id, daily_events.workspace_id) as workspace_id,
        session_totals.events as session_events,
        daily_events.events as daily_events,
        session_totals.bot_events as session_bot_events,
        daily_events.bot_events as daily_bot_events
    from session_totals
    full outer join daily_events on session_totals.workspace_id = daily_events.workspace_id
    where coalesce(session_totals.events, 0) {{ disagrees }} coalesce(daily_events.events, 0)
        or coalesce(session_totals.bot_events, 0) {{ disagrees }} coalesce(daily_events.bot_events, 0)

)

select * from violations
