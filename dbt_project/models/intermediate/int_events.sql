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

numbered_events as (

    select
        *,
        lag(created_at) over sequence_of_events as previous_created_at,
        row_number() over sequence_of_events as sequence_number
    from surviving_events
    window sequence_of_events as (
        partition by {{ session_sequence() }}
        order by created_at, {{ byte_order('event_id') }}
    )

),

-- The first event of a session bears its mark: its number in the sequence, in digits that order like text, and the
-- session's id.
session_starts as (

    select
        *,
        case
            when created_at <= previous_created_at + {{ session_timeout() }} then null
            else
                lpad(cast(sequence_number as varchar), 19, '0')
                || md5(user_key || '|' || workspace_id || '|' || event_id)
        end as start_mark
    from numbered_events

),

-- The greatest mark so far is that of the session at hand. A window over each session in its place took a third of the
-- model; the order is the one above, so that Postgres sorts once.
sessions as (

    select
        *,
        max(start_mark) over (
            partition by {{ session_sequence() }}
            order by created_at, {{ byte_order('event_id') }}
            rows between unbounded preceding and current row
        ) as session_mark
    from session_starts

),

-- An equi-join on the UTC day: one lookup an event, the same on every engine.
local_times as (

    select
        events.*,
        {{ to_local('events.created_at', 'zone_days') }} as local_at
    from sessions as events
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
    substring(session_mark, 20) as session_id,
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
    cast(sequence_number - cast(substring(session_mark, 1, 19) as bigint) + 1 as integer) as event_number,
    cast(extract(hour from local_at) as smallint) as hour_of_day,
    seconds_spent,
    revenue,
    is_bot,
    cast(local_at as date) as activity_date,
    created_at
from local_times
