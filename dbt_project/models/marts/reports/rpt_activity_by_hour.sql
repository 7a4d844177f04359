with

periods as (

    select * from {{ ref('int_report_periods') }}

),

hours as (

    {{ whole_numbers(0, 23) }}

),

activity as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        user_hours.hour_of_day,
        count(distinct user_hours.user_key) as active_users,
        sum(user_hours.sessions) as sessions,
        sum(user_hours.events) as events
    from periods
    inner join {{ ref('int_user_hours') }} as user_hours
        on periods.workspace_id = user_hours.workspace_id
            and user_hours.activity_date between periods.starts_on and periods.ends_on
    group by periods.workspace_id, periods.segment_id, periods.timeframe, user_hours.hour_of_day

)

select
    periods.workspace_id,
    periods.segment_id,
    periods.timeframe,
    cast(hours.number as smallint) as hour_of_day,
    coalesce(activity.active_users, 0) as active_users,
    cast(coalesce(activity.sessions, 0) as bigint) as sessions,
    cast(coalesce(activity.events, 0) as bigint) as events
from periods
cross join hours
left join activity
    on periods.workspace_id = activity.workspace_id
        and periods.segment_id = activity.segment_id
        and periods.timeframe = activity.timeframe
        and hours.number = activity.hour_of_day
