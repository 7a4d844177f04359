{{ config(meta={'dagster': {'ref': {'name': 'fct_activity_daily'}}}) }}

-- A session counts on the day it starts, so days compare; its events may lie on a later day.
with

sessions as (

    select
        workspace_id,
        session_date,
        count(*) as sessions
    from {{ ref('fct_sessions') }}
    where not is_bot
    group by workspace_id, session_date

    union all

    select
        workspace_id,
        activity_date as session_date,
        sessions
    from {{ source('ops', 'expired_days') }}

),

started_sessions as (

    select
        workspace_id,
        session_date,
        sum(sessions) as sessions
    from sessions
    group by workspace_id, session_date

),

violations as (

    select
        coalesce(activity_daily.workspace_id, started_sessions.workspace_id) as workspace_id,
        coalesce(activity_daily.activity_date, started_sessions.session_date) as activity_date,
        activity_daily.sessions,
        started_sessions.sessions as started_sessions
    from {{ ref('fct_activity_daily') }} as activity_daily
    full outer join started_sessions
        on activity_daily.workspace_id = started_sessions.workspace_id
            and activity_daily.activity_date = started_sessions.session_date
    where activity_daily.workspace_id is null
        or activity_daily.sessions <> coalesce(started_sessions.sessions, 0)

)

select * from violations
