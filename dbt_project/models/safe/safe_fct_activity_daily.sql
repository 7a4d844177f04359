select
    activity.workspace_id,
    activity.activity_date,
    case when not days.is_hidden then activity.dau end as dau,
    case when not days.is_hidden then activity.events end as events,
    case when not days.is_hidden then activity.sessions end as sessions,
    activity.bot_events,
    activity.is_complete
from {{ ref('fct_activity_daily') }} as activity
left join {{ ref('int_safe_dates') }} as days
    on activity.workspace_id = days.workspace_id
        and activity.activity_date = days.activity_date
        and days.segment_id = 'all'
