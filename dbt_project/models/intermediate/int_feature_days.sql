-- depends_on: {{ ref('int_touched_spans') }} (named inside is_incremental, where dbt does not see it while parsing)
{{ config(materialized='incremental', incremental_strategy='replace_touched_days') }}

with

feature_uses as (

    select
        workspace_id,
        user_key,
        coalesce(event_name, 'unknown') as feature_name,
        metadata_category as category,
        category_event_id,
        seconds_spent,
        activity_date,
        created_at
    from {{ ref('int_events') }} as events
    where event_type = 'feature_use'
        and not is_bot
    {% if is_incremental() %}
        and {{ touches_day('events', 'activity_date') }}
    {% endif %}

),

ranked_uses as (

    select
        *,
        row_number() over (
            partition by workspace_id, user_key, activity_date, feature_name
            order by
                case when category is null then 1 else 0 end,
                created_at desc,
                {{ byte_order('category_event_id') }} desc
        ) as category_rank
    from feature_uses

),

feature_days as (

    select
        workspace_id,
        user_key,
        feature_name,
        activity_date,
        count(*) as usage_count,
        coalesce(sum(seconds_spent), 0) as seconds_spent,
        count(seconds_spent) as timed_uses,
        max(case when category_rank = 1 then category end) as category,
        max(case when category_rank = 1 and category is not null then category_event_id end) as category_event_id,
        max(case when category_rank = 1 and category is not null then created_at end) as category_at
    from ranked_uses
    group by workspace_id, user_key, feature_name, activity_date

),

archived as (

    {{ archived_rows('archived_feature_days', touches_day('archived', 'activity_date')) }}

),

all_feature_days as (

    select * from feature_days
    union all
    select * from archived

)

-- A day is in part archived when its workspace was moved to another zone since: what is archived is the earlier part.
select
    workspace_id,
    user_key,
    feature_name,
    activity_date,
    cast(sum(usage_count) as bigint) as usage_count,
    cast(sum(seconds_spent) as decimal(38, 4)) as seconds_spent,
    cast(sum(timed_uses) as bigint) as timed_uses,
    {{ latest('category', 'category_at', 'category is not null') }} as category,
    {{ latest('category_event_id', 'category_at', 'category is not null') }} as category_event_id,
    max(category_at) as category_at
from all_feature_days
group by workspace_id, user_key, feature_name, activity_date
