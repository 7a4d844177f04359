-- depends_on: {{ ref('int_touched_spans') }} (named inside is_incremental, where dbt does not see it while parsing)
{{ config(
    materialized='incremental',
    incremental_strategy='replace_touched_spans',
    pre_hook="{{ keep_published_sessions() }}",
    meta={'moment': 'started_at'}
) }}

with

events as (

    select
        *,
        case when event_type = 'page_view' then page_path end as viewed_page
    from {{ ref('int_events') }} as events
    {% if is_incremental() %}
    where {{ touches_span('events', 'created_at') }}
    {% endif %}

),

-- By the id alone: it is made of user, workspace and first event, so that the next four have one value each. To hash
-- all five took Postgres twice as long.
sessions as (

    select
        session_id,
        min(workspace_id) as workspace_id,
        min(user_key) as user_key,
        min(client_session_key) as client_session_key,
        bool_or(is_bot) as is_bot,
        min(case when event_number = 1 then activity_date end) as session_date,
        min(case when event_number = 1 then hour_of_day end) as hour_of_day,
        min(created_at) as started_at,
        max(created_at) as ended_at,
        count(*) as events,
        count(case when event_type = 'page_view' then 1 end) as page_views,
        count(case when event_type = 'feature_use' then 1 end) as feature_uses,
        count(case when event_type = 'custom' then 1 end) as custom_events,
        {{ first_in_session('viewed_page') }} as entry_page,
        {{ last_in_session('viewed_page') }} as exit_page,
        {{ first_in_session('device_type') }} as device_type,
        {{ first_in_session('browser') }} as browser,
        {{ first_in_session('os') }} as os,
        {{ first_in_session('country_code') }} as country_code
    from events
    group by session_id

),

archived as (

    {{ archived_rows('archived_sessions', touches_span('archived', 'started_at')) }}

),

all_sessions as (

    select
        *,
        {{ seconds_between('started_at', 'ended_at') }} as duration_seconds
    from sessions
    union all
    select *
    from archived

)

select
    all_sessions.session_id,
    all_sessions.workspace_id,
    all_sessions.user_key,
    all_sessions.client_session_key,
    all_sessions.is_bot,
    all_sessions.session_date,
    all_sessions.hour_of_day,
    all_sessions.started_at,
    all_sessions.ended_at,
    all_sessions.events,
    all_sessions.page_views,
    all_sessions.feature_uses,
    all_sessions.custom_events,
    all_sessions.entry_page,
    all_sessions.exit_page,
    all_sessions.device_type,
    all_sessions.browser,
    all_sessions.os,
    all_sessions.country_code,
    all_sessions.duration_seconds,
    builds.publication_id
from all_sessions
cross join {{ ref('int_publication') }} as builds
