with

reports as (

    select distinct
        workspace_id,
        segment_id
    from {{ ref('int_report_periods') }}

),

day_counts as (

    {{ whole_numbers(1, var('stickiness_days')) }}

),

users as (

    select
        user_days.workspace_id,
        user_days.user_key,
        count(*) as active_days
    from {{ ref('int_as_of_dates') }} as as_of_dates
    inner join {{ ref('int_user_days') }} as user_days
        on as_of_dates.workspace_id = user_days.workspace_id
            and user_days.activity_date
            between {{ add_days('as_of_dates.as_of_date', 1 - var('stickiness_days')) }} and as_of_dates.as_of_date
    where not user_days.is_bot
    group by user_days.workspace_id, user_days.user_key

),

counts as (

    {{ segment_totals('users', keys=['active_days']) }}

),

totals as (

    select
        reports.workspace_id,
        reports.segment_id,
        day_counts.number as active_days,
        coalesce(counts.users, 0) as users,
        cast(coalesce(sum(counts.users) over (
            partition by reports.workspace_id, reports.segment_id
        ), 0) as bigint) as active_users
    from reports
    cross join day_counts
    left join counts
        on reports.workspace_id = counts.workspace_id
            and reports.segment_id = counts.segment_id
            and day_counts.number = counts.active_days

)

select
    workspace_id,
    segment_id,
    cast(active_days as integer) as active_days,
    users,
    cast({{ ratio('100 * users', 'active_users') }} as decimal(5, 2)) as share,
    active_users
from totals
