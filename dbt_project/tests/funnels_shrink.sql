{{ config(meta={'dagster': {'ref': {'name': 'rpt_funnels'}}}) }}

-- Every step of every funnel in force is in every report, nobody skips a step, a longer timeframe or a wider group has
-- no fewer users, and the first step takes no time.
with

steps as (

    select
        report.*,
        timeframes.timeframe_days,
        lag(report.users) over (
            partition by report.workspace_id, report.segment_id, report.timeframe, report.funnel_name
            order by report.step
        ) as users_before,
        lag(report.users) over (
            partition by report.workspace_id, report.segment_id, report.funnel_name, report.step
            order by timeframes.timeframe_days
        ) as users_of_shorter_timeframe,
        max(case when report.segment_id = 'all' then report.users end) over (
            partition by report.workspace_id, report.timeframe, report.funnel_name, report.step
        ) as users_of_all
    from {{ ref('rpt_funnels') }} as report
    inner join {{ ref('int_timeframes') }} as timeframes
        on report.workspace_id = timeframes.workspace_id
            and report.timeframe = timeframes.timeframe

),

expected_steps as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        funnel_steps.funnel_name,
        funnel_steps.step
    from {{ ref('int_report_periods') }} as periods
    inner join {{ ref('int_funnel_steps') }} as funnel_steps on periods.workspace_id = funnel_steps.workspace_id

),

violations as (

    select
        expected_steps.workspace_id,
        expected_steps.segment_id,
        expected_steps.timeframe,
        expected_steps.funnel_name,
        expected_steps.step,
        steps.users,
        steps.users_before,
        steps.users_of_shorter_timeframe,
        steps.users_of_all,
        steps.median_seconds
    from expected_steps
    left join steps
        on expected_steps.workspace_id = steps.workspace_id
            and expected_steps.segment_id = steps.segment_id
            and expected_steps.timeframe = steps.timeframe
            and expected_steps.funnel_name = steps.funnel_name
            and expected_steps.step = steps.step
    where steps.workspace_id is null
        or steps.users > steps.users_before
        or steps.users < steps.users_of_shorter_timeframe
        or steps.users > coalesce(steps.users_of_all, -1)
        or (steps.step = 1 and steps.median_seconds <> 0)

)

select * from violations
