{{ config(meta={'dagster': {'ref': {'name': 'rpt_cohorts'}}}) }}

-- The cohorts of `all` are counted from the days of users, as those of segments are: they repeat
-- fct_cohort_retention.
with

expired_dates as (

    {{ expired_dates() }}

),

retained_days as (

    select
        workspace_id,
        cohort_start,
        max(cohort_users) as cohort_users,
        max(case when period_number = 1 then retention_rate end) as day1,
        max(case when period_number = 90 then retention_rate end) as day90
    from {{ ref('fct_cohort_retention') }}
    where grain = 'day'
    group by workspace_id, cohort_start

),

expected as (

    select
        timeframes.timeframe,
        retained_days.*
    from {{ ref('int_timeframes') }} as timeframes
    inner join retained_days
        on timeframes.workspace_id = retained_days.workspace_id
            and retained_days.cohort_start between timeframes.starts_on and timeframes.ends_on
    left join expired_dates as expired on timeframes.workspace_id = expired.workspace_id
    where coalesce(retained_days.cohort_start > expired.expired_until, true)

),

cohorts as (

    select reports.*
    from {{ ref('rpt_cohorts') }} as reports
    left join expired_dates as expired on reports.workspace_id = expired.workspace_id
    where reports.segment_id = 'all'
        and coalesce(reports.cohort_start > expired.expired_until, true)

),

violations as (

    select
        coalesce(expected.workspace_id, cohorts.workspace_id) as workspace_id,
        coalesce(expected.timeframe, cohorts.timeframe) as timeframe,
        coalesce(expected.cohort_start, cohorts.cohort_start) as cohort_start,
        expected.cohort_users as expected_users,
        cohorts.cohort_users
    from expected
    full outer join cohorts
        on expected.workspace_id = cohorts.workspace_id
            and expected.timeframe = cohorts.timeframe
            and expected.cohort_start = cohorts.cohort_start
    where coalesce(expected.cohort_users, 0) <> coalesce(cohorts.cohort_users, 0)
        or coalesce(expected.day1, -1) <> coalesce(cohorts.day1, -1)
        or coalesce(expected.day90, -1) <> coalesce(cohorts.day90, -1)

)

select * from violations
