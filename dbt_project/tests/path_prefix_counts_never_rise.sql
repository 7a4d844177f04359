{{ config(meta={'dagster': {'ref': {'name': 'rpt_path_steps'}}}) }}

-- Each further step of a path is reached by fewer sessions, or as many; the last by all that took exactly this path.
with

steps as (

    select
        *,
        lag(reached) over steps_of_path as reached_before,
        lag(step) over steps_of_path as step_before
    from {{ ref('rpt_path_steps') }}
    window steps_of_path as (partition by workspace_id, segment_id, timeframe, path_rank order by step)

),

violations as (

    select
        steps.workspace_id,
        steps.segment_id,
        steps.timeframe,
        steps.path_rank,
        steps.step,
        steps.reached_before,
        steps.reached,
        paths.frequency
    from steps
    left join {{ ref('rpt_paths') }} as paths
        on steps.workspace_id = paths.workspace_id
            and steps.segment_id = paths.segment_id
            and steps.timeframe = paths.timeframe
            and steps.path_rank = paths.path_rank
    where steps.reached > steps.reached_before
        or steps.step <> coalesce(steps.step_before, 0) + 1
        or paths.frequency is null
        or steps.reached < paths.frequency

)

select * from violations
