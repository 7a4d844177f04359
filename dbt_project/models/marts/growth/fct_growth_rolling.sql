with

windows as (

    {{ growth_windows() }}

),

-- Users with the same days before and after count alike: one row for all of them.
day_gaps as (

    select
        workspace_id,
        activity_date,
        previous_active_date,
        next_active_date,
        count(*) as users
    from {{ ref('int_active_days') }}
    group by workspace_id, activity_date, previous_active_date, next_active_date

),

gaps_by_window as (

    select
        day_gaps.*,
        windows.window_days
    from day_gaps
    cross join windows

),

-- The days on which the trailing window W0 (and W1 before it) puts these users into a class: from, until (exclusive).
active_spans as (

    select
        workspace_id,
        window_days,
        users,
        'active' as class,
        activity_date as counts_from,
        least({{ add_days('activity_date', 'window_days') }}, next_active_date) as counts_until
    from gaps_by_window

),

new_spans as (

    select
        workspace_id,
        window_days,
        users,
        'new' as class,
        activity_date as counts_from,
        {{ add_days('activity_date', 'window_days') }} as counts_until
    from gaps_by_window
    where previous_active_date is null

),

returning_spans as (

    select
        workspace_id,
        window_days,
        users,
        'returning' as class,
        greatest(activity_date, {{ add_days('previous_active_date', 'window_days') }}) as counts_from,
        least(
            {{ add_days('activity_date', 'window_days') }},
            {{ add_days('previous_active_date', '2 * window_days') }}
        ) as counts_until
    from gaps_by_window
    where previous_active_date is not null

),

reactivated_spans as (

    select
        workspace_id,
        window_days,
        users,
        'reactivated' as class,
        greatest(activity_date, {{ add_days('previous_active_date', '2 * window_days') }}) as counts_from,
        {{ add_days('activity_date', 'window_days') }} as counts_until
    from gaps_by_window
    where previous_active_date is not null

),

churned_spans as (

    select
        workspace_id,
        window_days,
        users,
        'churned' as class,
        {{ add_days('activity_date', 'window_days') }} as counts_from,
        least({{ add_days('activity_date', '2 * window_days') }}, next_active_date) as counts_until
    from gaps_by_window

),

spans as (

    select * from active_spans
    union all
    select * from new_spans
    union all
    select * from returning_spans
    union all
    select * from reactivated_spans
    union all
    select * from churned_spans

),

edges as (

    select
        workspace_id,
        window_days,
        class,
        counts_from as edge_date,
        users as users_change
    from spans
    where counts_from < counts_until

    union all

    select
        workspace_id,
        window_days,
        class,
        counts_until as edge_date,
        -users as users_change
    from spans
    where counts_from < counts_until

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
