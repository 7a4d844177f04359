{{ config(meta={'dagster': {'ref': {'name': 'fct_activity_hourly'}}}) }}

-- Hours read days up to as_of_date; a user of a day is in at least one of its hours.
with

hours as (

    select
        workspace_id,
        activity_date,
        max(active_users) as most_users_of_an_hour,
        sum(active_users) as users_of_hours,
        sum(events) as events,
        sum(sessions) as sessions
    from {{ ref('fct_activity_hourly') }}
    group by workspace_id, activity_date

),

complete_days as (

    select
        workspace_id,
        activity_date,
        dau,
        events,
        sessions
    from {{ ref('fct_activity_daily') }}
    where is_complete

),

violations as (

    select
        coalesce(complete_days.workspace_id, hours.workspace_id) as workspace_id,
        coalesce(complete_days.activity_date, hours.activity_date) as activity_date,
        complete_days.dau,
        hours.most_users_of_an_hour,
        hours.users_of_hours,
        complete_days.events,
        hours.events as hour_events,
        complete_days.sessions,
        hours.sessions as hour_sessions
    from complete_days
    full outer join hours
        on complete_days.workspace_id = hours.workspace_id
            and complete_days.activity_date = hours.activity_date
    where complete_days.workspace_id is null
        or complete_days.events <> coalesce(hours.events, 0)
        or complete_days.sessions <> coalesce(hours.sessions, 0)
        or complete_days.dau not between coalesce(hours.most_users_of_an_hour, 0) and coalesce(hours.users_of_hours, 0)

)

select * from violations
