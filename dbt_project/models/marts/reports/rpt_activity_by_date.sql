with

periods as (

    select * from {{ ref('int_report_periods') }}

),

day_numbers as (

    {{ whole_numbers(0, var('timeframes') | max - 1) }}

),

days as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        {{ add_days('periods.starts_on', 'day_numbers.number') }} as activity_date
    from periods
    inner join day_numbers on periods.timeframe_days > day_numbers.number

),

activity as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        user_days.activity_date,
        count(*) as active_users,
        sum(user_days.sessions) as sessions,
        sum(user_days.events) as events
    from periods
    inner join {{ ref('int_user_days') }} as user_days
        on periods.workspace_id = user_days.workspace_id
            and user_days.activity_date between periods.starts_on and periods.ends_on
    where not user_days.is_bot
    group by periods.workspace_id, periods.segment_id, periods.timeframe, user_days.activity_date

)

select
    days.workspace_id,
    days.segment_id,
    days.timeframe,
    days.activity_date,
    coalesce(activity.active_users, 0) as active_users,
    cast(coalesce(activity.sessions, 0) as bigint) as sessions,
    cast(coalesce(activity.events, 0) as bigint) as events
from days
left join activity
    on days.workspace_id = activity.workspace_id
        and days.segment_id = activity.segment_id
        and days.timeframe = activity.timeframe
        and days.activity_date = activity.activity_date
