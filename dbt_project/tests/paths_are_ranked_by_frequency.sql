with

paths as (

    select
        workspace_id,
        segment_id,
        timeframe,
        path_rank,
        frequency,
        users,
        avg_completion,
        lag(frequency) over paths_of_report as frequency_before,
        row_number() over paths_of_report as expected_rank
    from {{ ref('rpt_paths') }}
    window paths_of_report as (partition by workspace_id, segment_id, timeframe order by path_rank)

),

violations as (

    select *
    from paths
    where frequency > frequency_before
        or path_rank <> expected_rank
        or path_rank > 100
        or users > frequency
        or avg_completion not between 0 and 100

)

select * from violations
