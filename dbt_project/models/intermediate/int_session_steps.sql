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
        session_id,
        workspace_id,
        user_key,
        page_path,
        event_number,
        created_at,
        lag(page_path) over views_of_session as previous_page,
        lag(created_at) over views_of_session as previous_viewed_at,
        max(created_at) over (partition by session_id) as session_last_viewed_at
    from events
    where event_type = 'page_view'
        and page_path is not null
        and not is_bot
    window views_of_session as (partition by session_id order by event_number)

),

-- A step ends with the view before the next one starts: nothing has to be grouped.
step_starts as (

    select * from page_views
    where previous_page is null
        or page_path <> previous_page

)

-- With the pages that follow: reports look for runs of pages, and would sort all steps in every build to find them.
select
    session_id,
    workspace_id,
    user_key,
    page_path as page,
    lead(page_path, 1) over steps_of_session as page_2,
    lead(page_path, 2) over steps_of_session as page_3,
    lead(page_path, 3) over steps_of_session as page_4,
    lead(page_path, 4) over steps_of_session as page_5,
    cast(row_number() over steps_of_session as integer) as step,
    event_number as first_event_number,
    created_at as first_viewed_at,
    coalesce(lead(previous_viewed_at) over steps_of_session, session_last_viewed_at) as last_viewed_at,
    session_last_viewed_at
from step_starts
window steps_of_session as (partition by session_id order by event_number)
