with

periods as (

    select * from {{ ref('int_report_periods') }}

),

weekdays as (

    {{ whole_numbers(1, 7) }}

),

user_days as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        user_days.user_key,
        user_days.sessions,
        user_days.events,
        -- 1970-01-05 was a Monday.
        {{ days_between("date '1970-01-05'", 'user_days.activity_date') }} % 7 + 1 as iso_weekday
    from periods
    inner join {{ ref('int_user_days') }} as user_days
        on periods.workspace_id = user_days.workspace_id
            and user_days.activity_date between periods.starts_on and periods.ends_on
    where not user_days.is_bot

),

activity as (

    select
        workspace_id,
        segment_id,
        timeframe,
        iso_weekday,
        count(distinct user_key) as active_users,
        sum(sessions) as sessions,
        sum(events) as events
    from user_days
    group by workspace_id, segment_id, timeframe, iso_weekday

)

select
    periods.workspace_id,
    periods.segment_id,
    periods.timeframe,
    cast(weekdays.number as smallint) as iso_weekday,
    coalesce(activity.active_users, 0) as active_users,
    cast(coalesce(activity.sessions, 0) as bigint) as sessions,
    cast(coalesce(activity.events, 0) as bigint) as events
from periods
cross join weekdays
left join activity
    on periods.workspace_id = activity.workspace_id
        and periods.segment_id = activity.segment_id
        and periods.timeframe = activity.timeframe
        and weekdays.number = activity.iso_weekday
