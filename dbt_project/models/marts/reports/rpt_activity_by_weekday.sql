with

reported_days as (

    {{ reported_days() }}

),

weekdays as (

    {{ whole_numbers(1, 7) }}

),

user_days as (

    select
        user_days.workspace_id,
        user_days.user_key,
        user_days.activity_date,
        {{ iso_weekday('user_days.activity_date') }} as iso_weekday
    from {{ ref('int_user_days') }} as user_days
    inner join reported_days
        on user_days.workspace_id = reported_days.workspace_id
            and user_days.activity_date between reported_days.starts_on and reported_days.ends_on
    where not user_days.is_bot

),

active_users as (

    {{ timeframe_totals('user_days', keys=['iso_weekday']) }}

),

-- Sessions and events, unlike users, are those of the days added up.
activity as (

    select
        workspace_id,
        segment_id,
        timeframe,
        {{ iso_weekday('activity_date') }} as iso_weekday,
        sum(sessions) as sessions,
        sum(events) as events
    from {{ ref('rpt_activity_by_date') }}
    group by workspace_id, segment_id, timeframe, {{ iso_weekday('activity_date') }}

)

select
    periods.workspace_id,
    periods.segment_id,
    periods.timeframe,
    cast(weekdays.number as smallint) as iso_weekday,
    coalesce(active_users.users, 0) as active_users,
    cast(coalesce(activity.sessions, 0) as bigint) as sessions,
    cast(coalesce(activity.events, 0) as bigint) as events
from {{ ref('int_report_periods') }} as periods
cross join weekdays
left join active_users
    on periods.workspace_id = active_users.workspace_id
        and periods.segment_id = active_users.segment_id
        and periods.timeframe = active_users.timeframe
        and weekdays.number = active_users.iso_weekday
left join activity
    on periods.workspace_id = activity.workspace_id
        and periods.segment_id = activity.segment_id
        and periods.timeframe = activity.timeframe
        and weekdays.number = activity.iso_weekday
