{{ config(meta={'dagster': {'ref': {'name': 'fct_session_goals'}}}) }}

-- Of everybody, goals reached in a timeframe are the conversions of rpt_conversion_paths where it keeps every path, and
-- no fewer where it does not.
with

goals as (

    select
        goals.workspace_id,
        timeframes.timeframe,
        goals.goal_name,
        count(*) as conversions
    from {{ ref('fct_session_goals') }} as goals
    inner join {{ ref('int_timeframes') }} as timeframes
        on goals.workspace_id = timeframes.workspace_id
            and goals.session_date between timeframes.starts_on and timeframes.ends_on
    group by goals.workspace_id, timeframes.timeframe, goals.goal_name

),

reports as (

    select
        workspace_id,
        timeframe,
        goal_name,
        count(*) as paths,
        sum(conversions) as conversions
    from {{ ref('rpt_conversion_paths') }}
    where segment_id = 'all'
    group by workspace_id, timeframe, goal_name

),

violations as (

    select
        coalesce(goals.workspace_id, reports.workspace_id) as workspace_id,
        coalesce(goals.timeframe, reports.timeframe) as timeframe,
        coalesce(goals.goal_name, reports.goal_name) as goal_name,
        goals.conversions as goals_reached,
        reports.conversions
    from goals
    full outer join reports
        on goals.workspace_id = reports.workspace_id
            and goals.timeframe = reports.timeframe
            and goals.goal_name = reports.goal_name
    where goals.conversions is null
        or reports.conversions is null
        or goals.conversions < reports.conversions
        or (reports.paths < 20 and goals.conversions <> reports.conversions)

)

select * from violations
