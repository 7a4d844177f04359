-- depends_on: {{ ref('int_touched_spans') }} (named inside is_incremental, where dbt does not see it while parsing)
{{ config(materialized='incremental', incremental_strategy='replace_touched_days') }}

with

user_hours as (

    select
        workspace_id,
        user_key,
        activity_date,
        hour_of_day,
        count(*) as events
    from {{ ref('int_events') }} as events
    where not is_bot
    {% if is_incremental() %}
        and {{ touches_day('events', 'activity_date') }}
    {% endif %}
    group by workspace_id, user_key, activity_date, hour_of_day

),

-- A session counts in the hour it starts, where its first event is.
sessions_started as (

    select
        user_hours.user_key,
        user_hours.activity_date,
        user_hours.hour_of_day,
        count(*) as sessions
    from user_hours
    inner join {{ ref('int_sessions') }} as sessions
        on user_hours.user_key = sessions.user_key
            and user_hours.activity_date = sessions.session_date
            and user_hours.hour_of_day = sessions.hour_of_day
    where not sessions.is_bot
    group by user_hours.user_key, user_hours.activity_date, user_hours.hour_of_day

)

select
    user_hours.workspace_id,
    user_hours.user_key,
    user_hours.activity_date,
    user_hours.hour_of_day,
    user_hours.events,
    coalesce(sessions_started.sessions, 0) as sessions
from user_hours
left join sessions_started
    on user_hours.user_key = sessions_started.user_key
        and user_hours.activity_date = sessions_started.activity_date
        and user_hours.hour_of_day = sessions_started.hour_of_day
