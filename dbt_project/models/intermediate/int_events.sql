-- depends_on: {{ ref('int_touched_spans') }} (named inside is_incremental, where dbt does not see it while parsing)
{{ config(
    materialized='incremental',
    incremental_strategy='replace_touched_spans',
    meta={'moment': 'created_at'}
) }}

with

events as (

    select * from {{ ref('stg_events') }} as events
    {% if is_incremental() %}
    where {{ touches_span('events', 'created_at') }}
    {% endif %}

),

surviving_events as (

    select events.*
    from events
    left join {{ ref('int_superseded_events') }} as superseded
        on events.load_id = superseded.load_id
            and events.line = superseded.line
    where superseded.load_id is null

),

session_starts as (

    select
        *,
        case
            when created_at <= lag(created_at) over sequence_of_events + {{ session_timeout() }} then 0
            else 1
        end as starts_session
    from surviving_events
    window sequence_of_events as (
        partition by {{ session_sequence() }}
        order by created_at, {{ byte_order('event_id') }}
    )

),

numbered_sessions as (

    select
        *,
        sum(starts_session) over (
            partition by {{ session_sequence() }}
            order by created_at, {{ byte_order('event_id') }}
            rows between unbounded preceding and current row
        ) as session_number
    from session_starts

),

positions_in_session as (

    select
        *,
        row_number() over events_of_session as event_number,
        first_value(event_id) over events_of_session as first_event_id
    from numbered_sessions
    window events_of_session as (
        partition by {{ session_sequence() }}, session_number
        order by created_at, {{ byte_order('event_id') }}
    )

),

-- An equi-join on the UTC day: one lookup an event, the same on every engine.
local_times as (

    select
        events.*,
        {{ to_local('events.created_at', 'zone_days') }} as local_at
    from positions_in_session as events
    left join {{ ref('stg_workspace_time_zones') }} as workspaces
        on events.workspace_id = workspaces.workspace_id
    left join {{ ref('stg_time_zone_days') }} as zone_days
        on coalesce(workspaces.timezone, 'UTC') = zone_days.timezone
            and cast(events.created_at as date) = zone_days.utc_date

)

select
    load_id,
    line,
    workspace_id,
    user_key,
    {% if var('session_key') == 'client' %}client_session_key{% else %}cast(null as text){% endif %} as client_session_key,
    md5(user_key || '|' || workspace_id || '|' || first_event_id) as session_id,
    event_type,
    event_name,
    page_path,
    device_type,
    browser,
    os,
    country_code,
    metadata_category,
    -- Only where it decides which category of a feature is the latest: every id would double the width of a row.
    case when event_type = 'feature_use' and metadata_category is not null then event_id end as category_event_id,
    cast(event_number as integer) as event_number,
    cast(extract(hour from local_at) as smallint) as hour_of_day,
    seconds_spent,
    revenue,
    is_bot,
    cast(local_at as date) as activity_date,
    created_at
from local_times
