with

reported_days as (

    {{ reported_days() }}

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
    from {{ ref('int_report_periods') }} as periods
    inner join day_numbers on periods.timeframe_days > day_numbers.number

),

user_days as (

    select
        user_days.workspace_id,
        user_days.user_key,
        user_days.activity_date,
        user_days.sessions,
        user_days.events
    from {{ ref('int_user_days') }} as user_days
    inner join reported_days
        on user_days.workspace_id = reported_days.workspace_id
            and user_days.activity_date between reported_days.starts_on and reported_days.ends_on
    where not user_days.is_bot

),

-- A day has the same numbers in every timeframe that holds it.
activity as (

    {{ segment_totals('user_days', keys=['activity_date'], sums=['sessions', 'events']) }}

)

select
    days.workspace_id,
    days.segment_id,
    days.timeframe,
    days.activity_date,
    coalesce(activity.users, 0) as active_users,
    cast(coalesce(activity.sessions, 0) as bigint) as sessions,
    cast(coalesce(activity.events, 0) as bigint) as events
from days
left join activity
    on days.workspace_id = activity.workspace_id
        and days.segment_id = activity.segment_id
        and days.activity_date = activity.activity_date
