{{ config(meta={'dagster': {'ref': {'name': 'fct_user_hours'}}}) }}

with

hours as (

    select
        workspace_id,
        user_key,
        activity_date,
        sum(events) as events,
        sum(sessions) as sessions
    from {{ ref('fct_user_hours') }}
    group by workspace_id, user_key, activity_date

),

violations as (

    select
        coalesce(days.workspace_id, hours.workspace_id) as workspace_id,
        coalesce(days.user_key, hours.user_key) as user_key,
        coalesce(days.activity_date, hours.activity_date) as activity_date,
        days.events as events_of_day,
        hours.events as events_of_hours,
        days.sessions as sessions_of_day,
        hours.sessions as sessions_of_hours
    from {{ ref('fct_user_days') }} as days
    full outer join hours
        on days.workspace_id = hours.workspace_id
            and days.user_key = hours.user_key
            and days.activity_date = hours.activity_date
    where days.events is distinct from hours.events
        or days.sessions is distinct from hours.sessions

)

select * from violations
