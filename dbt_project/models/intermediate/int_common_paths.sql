-- The pages of a path are columns, not one text: texts of different paths may be equal, and a prefix is a partition.
with

path_counts as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        paths.page_1,
        paths.page_2,
        paths.page_3,
        paths.page_4,
        paths.page_5,
        paths.steps,
        count(*) as frequency,
        count(distinct paths.user_key) as users
    from {{ ref('int_report_periods') }} as periods
    inner join {{ ref('int_session_paths') }} as paths
        on periods.workspace_id = paths.workspace_id
            and paths.session_date between periods.starts_on and periods.ends_on
    group by
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        paths.page_1,
        paths.page_2,
        paths.page_3,
        paths.page_4,
        paths.page_5,
        paths.steps

),

prefix_counts as (

    select
        *,
        {{ joined_path('page_1', 'page_2', 'page_3', 'page_4', 'page_5') }} as path,
        cast(sum(frequency) over (
            partition by workspace_id, segment_id, timeframe, page_1
        ) as bigint) as reached_1,
        cast(sum(frequency) over (
            partition by workspace_id, segment_id, timeframe, page_1, page_2
        ) as bigint) as reached_2,
        cast(sum(frequency) over (
            partition by workspace_id, segment_id, timeframe, page_1, page_2, page_3
        ) as bigint) as reached_3,
        cast(sum(frequency) over (
            partition by workspace_id, segment_id, timeframe, page_1, page_2, page_3, page_4
        ) as bigint) as reached_4,
        frequency as reached_5
    from path_counts

),

ranked_paths as (

    select
        *,
        cast(row_number() over (
            partition by workspace_id, segment_id, timeframe
            order by
                frequency desc,
                {{ byte_order('path') }},
                {{ byte_order('page_1') }},
                {{ byte_order('page_2') }},
                {{ byte_order('page_3') }},
                {{ byte_order('page_4') }}
        ) as integer) as path_rank
    from prefix_counts
    where steps >= 2

)

select
    workspace_id,
    segment_id,
    timeframe,
    path_rank,
    path,
    page_1,
    page_2,
    page_3,
    page_4,
    page_5,
    steps,
    frequency,
    users,
    reached_1,
    reached_2,
    case when steps >= 3 then reached_3 end as reached_3,
    case when steps >= 4 then reached_4 end as reached_4,
    case when steps >= 5 then reached_5 end as reached_5
from ranked_paths
where path_rank <= 100
