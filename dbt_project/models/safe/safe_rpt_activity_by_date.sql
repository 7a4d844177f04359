select
    activity.workspace_id,
    activity.segment_id,
    activity.timeframe,
    activity.activity_date,
    case when not days.is_hidden then activity.active_users end as active_users,
    case when not days.is_hidden then activity.sessions end as sessions,
    case when not days.is_hidden then activity.events end as events
from {{ ref('rpt_activity_by_date') }} as activity
inner join {{ ref('int_safe_reports') }} as reports
    on activity.workspace_id = reports.workspace_id
        and activity.segment_id = reports.segment_id
        and activity.timeframe = reports.timeframe
inner join {{ ref('int_safe_dates') }} as days
    on activity.workspace_id = days.workspace_id
        and activity.segment_id = days.segment_id
        and activity.activity_date = days.activity_date
