-- depends_on: {{ ref('int_touched_spans') }} (named inside is_incremental, where dbt does not see it while parsing)
{{ config(
    materialized='incremental',
    incremental_strategy='replace_touched_spans',
    meta={'moment': 'first_viewed_at'}
) }}

with

events as (

    select * from {{ ref('int_events') }} as events
    {% if is_incremental() %}
    where {{ touches_span('events', 'created_at') }}
    {% endif %}

),

page_views as (

    select
        *,
        case when page_path = lag(page_path) over views_of_session then 0 else 1 end as starts_step
    from events
    where event_type = 'page_view'
        and page_path is not null
        and not is_bot
    window views_of_session as (partition by session_id order by event_number)

),

numbered_views as (

    select
        *,
        sum(starts_step) over (
            partition by session_id
            order by event_number
            rows between unbounded preceding and current row
        ) as step
    from page_views

)

select
    session_id,
    workspace_id,
    user_key,
    page_path as page,
    cast(step as integer) as step,
    min(event_number) as first_event_number,
    min(created_at) as first_viewed_at,
    max(created_at) as last_viewed_at
from numbered_views
group by session_id, workspace_id, user_key, page_path, step
