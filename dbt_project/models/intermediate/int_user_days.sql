-- depends_on: {{ ref('int_touched_spans') }} (named inside is_incremental, where dbt does not see it while parsing)
{{ config(materialized='incremental', incremental_strategy='replace_touched_days') }}

with

user_days as (

    select
        workspace_id,
        user_key,
        is_bot,
        activity_date,
        count(*) as events,
        count(case when event_type = 'page_view' then 1 end) as page_views,
        count(case when event_type = 'feature_use' then 1 end) as feature_uses,
        coalesce(sum(revenue), 0) as revenue
    from {{ ref('int_events') }} as events
    {% if is_incremental() %}
    where {{ touches_day('events', 'activity_date') }}
    {% endif %}
    group by workspace_id, user_key, is_bot, activity_date

),

-- A session counts on the day it starts, so a day that only holds the rest of one has none.
sessions_started as (

    select
        user_days.user_key,
        user_days.is_bot,
        user_days.activity_date,
        count(*) as sessions
    from user_days
    inner join {{ ref('int_sessions') }} as sessions
        on user_days.user_key = sessions.user_key
            and user_days.is_bot = sessions.is_bot
            and user_days.activity_date = sessions.session_date
    group by user_days.user_key, user_days.is_bot, user_days.activity_date

)

select
    user_days.workspace_id,
    user_days.user_key,
    user_days.is_bot,
    user_days.activity_date,
    user_days.events,
    user_days.page_views,
    user_days.feature_uses,
    coalesce(sessions_started.sessions, 0) as sessions,
    cast(user_days.revenue as decimal(38, 4)) as revenue
from user_days
left join sessions_started
    on user_days.user_key = sessions_started.user_key
        and user_days.is_bot = sessions_started.is_bot
        and user_days.activity_date = sessions_started.activity_date
