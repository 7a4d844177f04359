with

grains as (

    select 'day' as grain
    union all
    select 'week' as grain
    union all
    select 'month' as grain

),

-- Every period from the workspace's first active one to the one that holds as_of_date, silent ones included.
periods as (

    select distinct
        as_of_dates.workspace_id,
        as_of_dates.as_of_date,
        grains.grain,
        {{ period_index_of_grain('grains.grain', 'calendar.calendar_date') }} as period_index
    from {{ ref('int_as_of_dates') }} as as_of_dates
    inner join {{ ref('int_calendar') }} as calendar
        on calendar.calendar_date between as_of_dates.first_active_date and as_of_dates.as_of_date
    cross join grains

),

counts as (

    {{ period_counts(ref('int_user_periods')) }}

    union all

    select
        workspace_id,
        grain,
        period_index,
        active_users,
        new_users,
        returning_users,
        reactivated_users,
        leaving_users
    from {{ source('ops', 'expired_periods') }}

),

active_counts as (

    select
        workspace_id,
        grain,
        period_index,
        cast(sum(active_users) as bigint) as active_users,
        cast(sum(new_users) as bigint) as new_users,
        cast(sum(returning_users) as bigint) as returning_users,
        cast(sum(reactivated_users) as bigint) as reactivated_users
    from counts
    group by workspace_id, grain, period_index

),

-- Active in the period before and not in this one.
churned_counts as (

    select
        workspace_id,
        grain,
        period_index + 1 as period_index,
        cast(sum(leaving_users) as bigint) as churned_users
    from counts
    group by workspace_id, grain, period_index

)

select
    periods.workspace_id,
    periods.grain,
    {{ period_start('periods.grain', 'periods.period_index') }} as period_start,
    coalesce(active_counts.active_users, 0) as active_users,
    coalesce(active_counts.new_users, 0) as new_users,
    coalesce(active_counts.returning_users, 0) as returning_users,
    coalesce(active_counts.reactivated_users, 0) as reactivated_users,
    coalesce(churned_counts.churned_users, 0) as churned_users,
    {{ add_days(period_start('periods.grain', 'periods.period_index + 1'), -1) }} <= periods.as_of_date as is_complete
from periods
left join active_counts
    on periods.workspace_id = active_counts.workspace_id
        and periods.grain = active_counts.grain
        and periods.period_index = active_counts.period_index
left join churned_counts
    on periods.workspace_id = churned_counts.workspace_id
        and periods.grain = churned_counts.grain
        and periods.period_index = churned_counts.period_index
