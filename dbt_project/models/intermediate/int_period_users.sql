with

known as (

    select
        users.workspace_id,
        users.user_key
    from {{ ref('int_users') }} as users
    inner join {{ ref('int_as_of_dates') }} as as_of_dates
        on users.workspace_id = as_of_dates.workspace_id
            and users.known_from <= as_of_dates.as_of_date

),

known_totals as (

    {{ segment_totals('known', keys=[]) }}

),

-- Of a user's active days the last one up to as_of_date.
active as (

    select
        timeframes.workspace_id,
        timeframes.timeframe,
        days.user_key
    from {{ ref('int_timeframes') }} as timeframes
    inner join {{ ref('int_active_days') }} as days
        on timeframes.workspace_id = days.workspace_id
            and days.activity_date between timeframes.starts_on and timeframes.ends_on
    where days.next_active_date is null
        or days.next_active_date > timeframes.ends_on

),

active_totals as (

    {{ segment_totals('active', keys=['timeframe']) }}

)

select
    periods.workspace_id,
    periods.segment_id,
    periods.timeframe,
    coalesce(known_totals.users, 0) as known_users,
    coalesce(active_totals.users, 0) as active_users
from {{ ref('int_report_periods') }} as periods
left join known_totals
    on periods.workspace_id = known_totals.workspace_id
        and periods.segment_id = known_totals.segment_id
left join active_totals
    on periods.workspace_id = active_totals.workspace_id
        and periods.segment_id = active_totals.segment_id
        and periods.timeframe = active_totals.timeframe
