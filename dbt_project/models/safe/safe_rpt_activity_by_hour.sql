with

hours as (

    {{ cells_of_reports('rpt_activity_by_hour', 'active_users', ['hour_of_day']) }}

),

judged_hours as (

    {{ hidden_rows_of_segments('hours', ['timeframe'], ['hour_of_day'], are_disjoint=false) }}

)

select
    workspace_id,
    segment_id,
    timeframe,
    hour_of_day,
    case when not is_hidden then active_users end as active_users,
    case when not is_hidden then sessions end as sessions,
    case when not is_hidden then events end as events
from judged_hours
