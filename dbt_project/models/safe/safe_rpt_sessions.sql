select
    sessions.workspace_id,
    sessions.segment_id,
    sessions.timeframe,
    sessions.sessions,
    sessions.avg_seconds,
    sessions.median_seconds
from {{ ref('rpt_sessions') }} as sessions
inner join {{ ref('int_safe_reports') }} as reports
    on sessions.workspace_id = reports.workspace_id
        and sessions.segment_id = reports.segment_id
        and sessions.timeframe = reports.timeframe
