{{ config(materialized='view') }}

-- A view: int_sessions already holds the rows, and copying every session at every refresh would cost the history.
with

sessions as (

    select
        *,
        case
            when duration_seconds < 30 then '0-30s'
            when duration_seconds < 120 then '30s-2m'
            when duration_seconds < 300 then '2m-5m'
            when duration_seconds < 900 then '5m-15m'
            when duration_seconds < 1800 then '15m-30m'
            else '30m+'
        end as length_bucket
    from {{ ref('int_sessions') }}

)

select
    sessions.session_id,
    sessions.workspace_id,
    sessions.user_key,
    sessions.session_date,
    sessions.started_at,
    sessions.ended_at,
    sessions.duration_seconds,
    sessions.length_bucket,
    {{ label_order('sessions.length_bucket', length_buckets()) }} as length_bucket_order,
    sessions.events,
    sessions.page_views,
    sessions.feature_uses,
    sessions.entry_page,
    sessions.exit_page,
    sessions.device_type,
    sessions.browser,
    sessions.os,
    sessions.country_code,
    case
        when sessions.page_views > 0
            then
                sessions.page_views = 1
                and sessions.feature_uses = 0
                and sessions.custom_events = 0
                and sessions.duration_seconds < 10
    end as is_bounce,
    sessions.is_bot,
    sessions.duration_seconds > 86400 or sessions.events > 10000 as is_anomalous
from sessions
inner join {{ ref('int_as_of_dates') }} as as_of_dates
    on sessions.workspace_id = as_of_dates.workspace_id
where {{ is_shown('sessions.session_date', 'as_of_dates.as_of_date') }}
