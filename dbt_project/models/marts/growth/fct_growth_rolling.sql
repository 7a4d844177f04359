with

windows as (

    {{ growth_windows() }}

),

edges as (

    {{ window_edges(ref('int_active_days')) }}

    union all

    select
        workspace_id,
        window_days,
        class,
        edge_date,
        users_change
    from {{ source('ops', 'expired_windows') }}

),

daily_changes as (

    select
        workspace_id,
        window_days,
        edge_date,
        sum(case when class = 'active' then users_change else 0 end) as active_change,
        sum(case when class = 'new' then users_change else 0 end) as new_change,
        sum(case when class = 'returning' then users_change else 0 end) as returning_change,
        sum(case when class = 'reactivated' then users_change else 0 end) as reactivated_change,
        sum(case when class = 'churned' then users_change else 0 end) as churned_change
    from edges
    group by workspace_id, window_days, edge_date

),

days as (

    select
        as_of_dates.workspace_id,
        windows.window_days,
        calendar.calendar_date as activity_date
    from {{ ref('int_as_of_dates') }} as as_of_dates
    inner join {{ ref('int_calendar') }} as calendar
        on calendar.calendar_date between as_of_dates.first_active_date and as_of_dates.as_of_date
    cross join windows

)

select
    days.workspace_id,
    days.window_days,
    days.activity_date,
    cast(sum(coalesce(daily_changes.active_change, 0)) over so_far as bigint) as active_users,
    cast(sum(coalesce(daily_changes.new_change, 0)) over so_far as bigint) as new_users,
    cast(sum(coalesce(daily_changes.returning_change, 0)) over so_far as bigint) as returning_users,
    cast(sum(coalesce(daily_changes.reactivated_change, 0)) over so_far as bigint) as reactivated_users,
    cast(sum(coalesce(daily_changes.churned_change, 0)) over so_far as bigint) as churned_users
from days
left join daily_changes
    on days.workspace_id = daily_changes.workspace_id
        and days.window_days = daily_changes.window_days
        and days.activity_date = daily_changes.edge_date
window so_far as (
    partition by days.workspace_id, days.window_days
    order by days.activity_date
    rows between unbounded preceding and current row
)
