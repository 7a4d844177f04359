with

paths as (

    select * from {{ ref('int_common_paths') }}

),

steps as (

    select
        workspace_id,
        segment_id,
        timeframe,
        path_rank,
        1 as step,
        page_1 as page,
        reached_1 as reached,
        reached_2 as reached_next
    from paths

    union all

    select
        workspace_id,
        segment_id,
        timeframe,
        path_rank,
        2 as step,
        page_2 as page,
        reached_2 as reached,
        reached_3 as reached_next
    from paths

    union all

    select
        workspace_id,
        segment_id,
        timeframe,
        path_rank,
        3 as step,
        page_3 as page,
        reached_3 as reached,
        reached_4 as reached_next
    from paths
    where steps >= 3

    union all

    select
        workspace_id,
        segment_id,
        timeframe,
        path_rank,
        4 as step,
        page_4 as page,
        reached_4 as reached,
        reached_5 as reached_next
    from paths
    where steps >= 4

    union all

    select
        workspace_id,
        segment_id,
        timeframe,
        path_rank,
        5 as step,
        page_5 as page,
        reached_5 as reached,
        cast(null as bigint) as reached_next
    from paths
    where steps = 5

)

-- Nobody can go on from the last step of a path, so it has no drop-off.
select
    workspace_id,
    segment_id,
    timeframe,
    path_rank,
    step,
    page,
    reached,
    cast({{ ratio('100 * (reached - reached_next)', 'reached') }} as decimal(5, 2)) as dropoff_rate,
    reached - reached_next as dropoff_rate_numerator,
    case when reached_next is not null then reached end as dropoff_rate_denominator
from steps
