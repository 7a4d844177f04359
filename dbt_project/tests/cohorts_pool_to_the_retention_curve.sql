{{ config(meta={'dagster': {'ref': {'name': 'rpt_cohorts'}}}) }}

-- Users of the cohorts that show a day are those the curve takes for eligible on it; day 0 shows every cohort.
with

cohort_days as (

    select
        workspace_id,
        segment_id,
        timeframe,
        0 as day,
        cohort_users
    from {{ ref('rpt_cohorts') }}

    union all

    select
        workspace_id,
        segment_id,
        timeframe,
        1 as day,
        cohort_users
    from {{ ref('rpt_cohorts') }}
    where day1 is not null

    union all

    select
        workspace_id,
        segment_id,
        timeframe,
        7 as day,
        cohort_users
    from {{ ref('rpt_cohorts') }}
    where day7 is not null

    union all

    select
        workspace_id,
        segment_id,
        timeframe,
        14 as day,
        cohort_users
    from {{ ref('rpt_cohorts') }}
    where day14 is not null

    union all

    select
        workspace_id,
        segment_id,
        timeframe,
        30 as day,
        cohort_users
    from {{ ref('rpt_cohorts') }}
    where day30 is not null

    union all

    select
        workspace_id,
        segment_id,
        timeframe,
        60 as day,
        cohort_users
    from {{ ref('rpt_cohorts') }}
    where day60 is not null

    union all

    select
        workspace_id,
        segment_id,
        timeframe,
        90 as day,
        cohort_users
    from {{ ref('rpt_cohorts') }}
    where day90 is not null

),

pooled_days as (

    select
        workspace_id,
        segment_id,
        timeframe,
        day,
        sum(cohort_users) as cohort_users
    from cohort_days
    group by workspace_id, segment_id, timeframe, day

),

curve as (

    select * from {{ ref('rpt_retention_curve') }}
    where day in (0, 1, 7, 14, 30, 60, 90)

),

violations as (

    select
        coalesce(pooled_days.workspace_id, curve.workspace_id) as workspace_id,
        coalesce(pooled_days.segment_id, curve.segment_id) as segment_id,
        coalesce(pooled_days.timeframe, curve.timeframe) as timeframe,
        coalesce(pooled_days.day, curve.day) as day,
        pooled_days.cohort_users,
        curve.eligible_users
    from pooled_days
    full outer join curve
        on pooled_days.workspace_id = curve.workspace_id
            and pooled_days.segment_id = curve.segment_id
            and pooled_days.timeframe = curve.timeframe
            and pooled_days.day = curve.day
    where coalesce(pooled_days.cohort_users, 0) <> coalesce(curve.eligible_users, 0)

)

select * from violations
