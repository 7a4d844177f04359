with

paths as (

    select
        *,
        reached_1 + reached_2 + coalesce(reached_3, 0) + coalesce(reached_4, 0) + coalesce(reached_5, 0)
            as reached_steps
    from {{ ref('int_common_paths') }}

)

select
    workspace_id,
    segment_id,
    timeframe,
    path_rank,
    path,
    frequency,
    users,
    cast({{ ratio('100 * reached_steps', 'steps * reached_1') }} as decimal(5, 2)) as avg_completion
from paths
