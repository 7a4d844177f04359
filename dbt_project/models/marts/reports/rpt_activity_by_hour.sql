with

reported_days as (

    {{ reported_days() }}

),

hours as (

    {{ whole_numbers(0, 23) }}

),

user_hours as (

    select
        user_hours.workspace_id,
        user_hours.user_key,
        user_hours.activity_date,
        user_hours.hour_of_day,
        user_hours.sessions,
        user_hours.events
    from {{ ref('int_user_hours') }} as user_hours
    inner join reported_days
        on user_hours.workspace_id = reported_days.workspace_id
            and user_hours.activity_date between reported_days.starts_on and reported_days.ends_on

),

activity as (

    {{ timeframe_totals('user_hours', keys=['hour_of_day'], sums=['sessions', 'events']) }}

)

select
    periods.workspace_id,
    periods.segment_id,
    periods.timeframe,
    cast(hours.number as smallint) as hour_of_day,
    coalesce(activity.users, 0) as active_users,
    cast(coalesce(activity.sessions, 0) as bigint) as sessions,
    cast(coalesce(activity.events, 0) as bigint) as events
from {{ ref('int_report_periods') }} as periods
cross join hours
left join activity
    on periods.workspace_id = activity.workspace_id
        and periods.segment_id = activity.segment_id
        and periods.timeframe = activity.timeframe
        and hours.number = activity.hour_of_day
