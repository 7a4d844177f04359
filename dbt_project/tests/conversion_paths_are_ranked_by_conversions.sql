with

paths as (

    select
        workspace_id,
        segment_id,
        timeframe,
        goal_name,
        path_rank,
        path,
        conversions,
        users,
        conversion_rate,
        lag(conversions) over paths_of_goal as conversions_before,
        row_number() over paths_of_goal as expected_rank
    from {{ ref('rpt_conversion_paths') }}
    window paths_of_goal as (partition by workspace_id, segment_id, timeframe, goal_name order by path_rank)

),

violations as (

    select *
    from paths
    where conversions > conversions_before
        or path_rank <> expected_rank
        or path_rank > 20
        or users > conversions
        -- Only the path without a page has no rate.
        or (path = '') <> (conversion_rate is null)

)

select * from violations
