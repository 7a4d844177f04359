with

reports as (

    select
        workspace_id,
        segment_id,
        count(*) as shown_reports,
        max(known_users) as known_users,
        max(case when timeframe = '30d' then 1 else 0 end) = 1 as is_30_shown
    from {{ ref('int_safe_reports') }}
    group by workspace_id, segment_id

)

-- A segment that is in no report is left out. Its members are as many as its known users.
select
    segments.workspace_id,
    segments.segment_id,
    segments.segment_name,
    segments.segment_type,
    segments.criteria,
    segments.characteristics,
    case when reports.shown_reports = {{ var('timeframes') | length }} then reports.known_users end as users,
    case when reports.is_30_shown then segments.avg_engagement end as avg_engagement,
    segments.created_at,
    segments.updated_at
from {{ ref('dim_segments') }} as segments
inner join reports
    on segments.workspace_id = reports.workspace_id
        and segments.segment_id = reports.segment_id
