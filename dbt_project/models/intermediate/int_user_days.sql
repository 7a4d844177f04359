-- depends_on: {{ ref('int_touched_spans') }} (named inside is_incremental, where dbt does not see it while parsing)
{{ config(materialized='incremental', incremental_strategy='replace_touched_days') }}

-- A session counts on the day it starts, so a day that only holds the rest of one has none.
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
        count(case when event_number = 1 then 1 end) as sessions,
        coalesce(sum(revenue), 0) as revenue
    from {{ ref('int_events') }} as events
    {% if is_incremental() %}
    where {{ touches_day('events', 'activity_date') }}
    {% endif %}
    group by workspace_id, user_key, is_bot, activity_date

),

archived as (

    {{ archived_rows('archived_user_days', touches_day('archived', 'activity_date')) }}

),

all_user_days as (

    select * from user_days
    union all
    select * from archived

)

-- A day is in part archived when its workspace was moved to another zone since.
select
    workspace_id,
    user_key,
    is_bot,
    activity_date,
    cast(sum(events) as bigint) as events,
    cast(sum(page_views) as bigint) as page_views,
    cast(sum(feature_uses) as bigint) as feature_uses,
    cast(sum(sessions) as bigint) as sessions,
    cast(sum(revenue) as decimal(38, 4)) as revenue
from all_user_days
group by workspace_id, user_key, is_bot, activity_date
