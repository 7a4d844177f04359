with

weekdays as (

    {{ cells_of_reports('rpt_activity_by_weekday', 'active_users', ['iso_weekday']) }}

),

-- Sessions and events of a weekday are those of its days added up: with a hidden day among them they would tell of it.
hidden_weekdays as (

    select distinct
        workspace_id,
        segment_id,
        timeframe,
        {{ iso_weekday('activity_date') }} as iso_weekday
    from {{ ref('safe_rpt_activity_by_date') }}
    where active_users is null

),

judged_weekdays as (

    select
        weekdays.*,
        hidden_weekdays.iso_weekday is not null
        or weekdays.is_exposed
        or {{ is_small('weekdays.group_users') }}
        or {{ is_small('weekdays.rest_users') }} as is_hidden
    from weekdays
    left join hidden_weekdays
        on weekdays.workspace_id = hidden_weekdays.workspace_id
            and weekdays.segment_id = hidden_weekdays.segment_id
            and weekdays.timeframe = hidden_weekdays.timeframe
            and weekdays.iso_weekday = hidden_weekdays.iso_weekday

)

select
    workspace_id,
    segment_id,
    timeframe,
    iso_weekday,
    case when not is_hidden then active_users end as active_users,
    case when not is_hidden then sessions end as sessions,
    case when not is_hidden then events end as events
from judged_weekdays
