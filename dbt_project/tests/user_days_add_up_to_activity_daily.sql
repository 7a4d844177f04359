{{ config(meta={'dagster': {'ref': {'name': 'fct_activity_daily'}}}) }}

with

days as (

    select
        workspace_id,
        activity_date,
        1 as users,
        events,
        sessions
    from {{ ref('fct_user_days') }}

    union all

    select
        workspace_id,
        activity_date,
        users,
        events,
        sessions
    from {{ source('ops', 'expired_days') }}

),

user_days as (

    select
        workspace_id,
        activity_date,
        sum(users) as users,
        sum(events) as events,
        sum(sessions) as sessions
    from days
    group by workspace_id, activity_date

),

violations as (

    select
        coalesce(activity_daily.workspace_id, user_days.workspace_id) as workspace_id,
        coalesce(activity_daily.activity_date, user_days.activity_date) as activity_date,
        activity_daily.dau,
        user_days.users,
        activity_daily.events,
        user_days.events as user_day_events,
        activity_daily.sessions,
        user_days.sessions as user_day_sessions
    from {{ ref('fct_activity_daily') }} as activity_daily
    full outer join user_days
        on activity_daily.workspace_id = user_days.workspace_id
            and activity_daily.activity_date = user_days.activity_date
    where activity_daily.workspace_id is null
        or activity_daily.dau <> coalesce(user_days.users, 0)
        or activity_daily.events <> coalesce(user_days.events, 0)
        or activity_daily.sessions <> coalesce(user_days.sessions, 0)

)

select * from violations
