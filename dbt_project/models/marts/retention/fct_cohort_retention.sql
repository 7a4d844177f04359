with

counts as (

    {{ cohort_counts(ref('int_user_periods')) }}

    union all

    select
        workspace_id,
        grain,
        cohort_index,
        period_number,
        retained_users,
        last_seen_users
    from {{ source('ops', 'expired_cohorts') }}

),

retained_counts as (

    select
        workspace_id,
        grain,
        cohort_index,
        period_number,
        cast(sum(retained_users) as bigint) as retained_users,
        cast(sum(last_seen_users) as bigint) as last_seen_users
    from counts
    group by workspace_id, grain, cohort_index, period_number

),

-- Everyone of a cohort is active in its own period.
cohorts as (

    select
        workspace_id,
        grain,
        cohort_index,
        retained_users as cohort_users
    from retained_counts
    where period_number = 0

),

grains as (

    {{ cohort_grains() }}

),

period_numbers as (

    select
        grains.grain,
        {{ days_between("date '1990-01-01'", 'calendar.calendar_date') }} as period_number
    from {{ ref('int_calendar') }} as calendar
    inner join grains
        on calendar.calendar_date
            between date '1990-01-01' and {{ add_days("date '1990-01-01'", 'last_period_number') }}

),

cells as (

    select
        cohorts.workspace_id,
        cohorts.grain,
        cohorts.cohort_index,
        cohorts.cohort_users,
        period_numbers.period_number,
        cohorts.cohort_index + period_numbers.period_number
        < {{ period_index_of_grain('cohorts.grain', add_days('as_of_dates.as_of_date', 1)) }} as is_mature
    from cohorts
    inner join period_numbers on cohorts.grain = period_numbers.grain
    inner join {{ ref('int_as_of_dates') }} as as_of_dates on cohorts.workspace_id = as_of_dates.workspace_id

),

counted_cells as (

    select
        cells.workspace_id,
        cells.grain,
        cells.cohort_index,
        cells.period_number,
        cells.cohort_users,
        cells.is_mature,
        coalesce(retained_counts.retained_users, 0) as retained_users,
        sum(coalesce(retained_counts.last_seen_users, 0)) over (
            partition by cells.workspace_id, cells.grain, cells.cohort_index
            order by cells.period_number desc
            rows between unbounded preceding and current row
        ) as retained_on_or_after_users
    from cells
    left join retained_counts
        on cells.workspace_id = retained_counts.workspace_id
            and cells.grain = retained_counts.grain
            and cells.cohort_index = retained_counts.cohort_index
            and cells.period_number = retained_counts.period_number

)

select
    workspace_id,
    grain,
    {{ period_start('grain', 'cohort_index') }} as cohort_start,
    period_number,
    cohort_users,
    case when is_mature then retained_users end as retained_users,
    cast(case when is_mature then retained_on_or_after_users end as bigint) as retained_on_or_after_users,
    cast(case when is_mature then {{ ratio('100 * retained_users', 'cohort_users') }} end as decimal(5, 2))
        as retention_rate,
    case when is_mature then retained_users end as retention_rate_numerator,
    case when is_mature then cohort_users end as retention_rate_denominator,
    is_mature
from counted_cells
