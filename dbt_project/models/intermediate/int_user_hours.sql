-- depends_on: {{ ref('int_touched_spans') }} (named inside is_incremental, where dbt does not see it while parsing)
{{ config(materialized='incremental', incremental_strategy='replace_touched_days') }}

-- A session counts in the hour it starts, where its first event is.
with

user_hours as (

    select
        workspace_id,
        user_key,
        activity_date,
        hour_of_day,
        count(*) as events,
        count(case when event_number = 1 then 1 end) as sessions
    from {{ ref('int_events') }} as events
    where not is_bot
    {% if is_incremental() %}
        and {{ touches_day('events', 'activity_date') }}
    {% endif %}
    group by workspace_id, user_key, activity_date, hour_of_day

),

archived as (

    {{ archived_rows('archived_user_hours', touches_day('archived', 'activity_date')) }}

),

all_user_hours as (

    select * from user_hours
    union all
    select * from archived

)

-- An hour is in part archived when its workspace was moved to another zone since.
select
    workspace_id,
    user_key,
    activity_date,
    hour_of_day,
    cast(sum(events) as bigint) as events,
    cast(sum(sessions) as bigint) as sessions
from all_user_hours
group by workspace_id, user_key, activity_date, hour_of_day
