{{ config(pre_hook="{{ by_hashing() }}") }}

with

timeframe_days as (

    select
        workspace_id,
        min(starts_on) as starts_on,
        max(ends_on) as ends_on
    from {{ ref('int_timeframes') }}
    group by workspace_id

),

-- Numbered as the days of int_user_periods are.
numbered_days as (

    select
        workspace_id,
        {{ period_index('day', 'starts_on') }} as first_index,
        {{ period_index('day', 'ends_on') }} as last_index
    from timeframe_days

),

days_of_users as (

    select
        days.workspace_id,
        days.user_key,
        days.first_period_index as cohort_index,
        days.period_index - days.first_period_index as day_number
    from {{ ref('int_user_periods') }} as days
    inner join numbered_days
        on days.workspace_id = numbered_days.workspace_id
            and days.first_period_index >= numbered_days.first_index
    where days.grain = 'day'
        and days.period_index - days.first_period_index <= 90

),

days_of_sets as (

    select
        days.workspace_id,
        users.segment_set,
        days.cohort_index,
        days.day_number,
        count(*) as users
    from days_of_users as days
    inner join {{ ref('int_user_segment_sets') }} as users on days.user_key = users.user_key
    group by days.workspace_id, users.segment_set, days.cohort_index, days.day_number

),

days_of_segments as (

    select
        days.workspace_id,
        segments.segment_id,
        days.cohort_index,
        days.day_number,
        cast(sum(days.users) as bigint) as users
    from days_of_sets as days
    inner join {{ ref('int_segment_sets') }} as segments
        on days.workspace_id = segments.workspace_id
            and days.segment_set = segments.segment_set
    group by days.workspace_id, segments.segment_id, days.cohort_index, days.day_number

),

day_numbers as (

    {{ whole_numbers(0, 90) }}

),

-- Everyone of a cohort is active on its day 0.
cells as (

    select
        cohorts.workspace_id,
        cohorts.segment_id,
        cohorts.cohort_index,
        cohorts.users as cohort_users,
        day_numbers.number as day_number
    from days_of_segments as cohorts
    inner join numbered_days on cohorts.workspace_id = numbered_days.workspace_id
    inner join day_numbers on cohorts.cohort_index + day_numbers.number <= numbered_days.last_index
    where cohorts.day_number = 0

)

select
    cells.workspace_id,
    cells.segment_id,
    {{ period_start("'day'", 'cells.cohort_index') }} as cohort_start,
    cells.day_number,
    cells.cohort_users,
    coalesce(days_of_segments.users, 0) as retained_users
from cells
left join days_of_segments
    on cells.workspace_id = days_of_segments.workspace_id
        and cells.segment_id = days_of_segments.segment_id
        and cells.cohort_index = days_of_segments.cohort_index
        and cells.day_number = days_of_segments.day_number
