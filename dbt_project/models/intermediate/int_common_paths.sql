{{ config(pre_hook="{{ by_hashing() }}") }}

-- The pages of a path are columns, not one text: texts of different paths may be equal, and its first columns are a
-- prefix.
with

paths as (

    select * from {{ ref('int_session_paths') }}

),

longer_paths as (

    select * from paths
    where steps >= 2

),

common_paths as (

    {{ ranked_paths('longer_paths', limit=100) }}

),

common_prefixes as (

    select distinct
        workspace_id,
        page_1,
        cast(null as text) as page_2,
        cast(null as text) as page_3,
        cast(null as text) as page_4
    from common_paths

    union

    select distinct
        workspace_id,
        page_1,
        page_2,
        cast(null as text) as page_3,
        cast(null as text) as page_4
    from common_paths

    union

    select distinct
        workspace_id,
        page_1,
        page_2,
        page_3,
        cast(null as text) as page_4
    from common_paths
    where page_3 is not null

    union

    select distinct
        workspace_id,
        page_1,
        page_2,
        page_3,
        page_4
    from common_paths
    where page_4 is not null

),

days_of_reports as (

    select
        workspace_id,
        min(starts_on) as starts_on,
        max(ends_on) as ends_on
    from {{ ref('int_timeframes') }}
    group by workspace_id

),

-- Each with the shortest timeframe that holds it: it counts in every longer one too.
dated_sessions as (

    select
        paths.*,
        users.segment_set,
        {{ shortest_timeframe('paths.session_date', 'days_of_reports.ends_on') }} as timeframe_days
    from paths
    inner join days_of_reports
        on paths.workspace_id = days_of_reports.workspace_id
            and paths.session_date between days_of_reports.starts_on and days_of_reports.ends_on
    inner join {{ ref('int_user_segment_sets') }} as users on paths.user_key = users.user_key

),

prefixes_of_sets as (

    select
        sessions.workspace_id,
        sessions.segment_set,
        sessions.timeframe_days,
        1 as steps,
        prefixes.page_1,
        prefixes.page_2,
        prefixes.page_3,
        prefixes.page_4,
        count(*) as sessions
    from dated_sessions as sessions
    inner join common_prefixes as prefixes
        on sessions.workspace_id = prefixes.workspace_id
            and sessions.page_1 = prefixes.page_1
    where prefixes.page_2 is null
    group by
        sessions.workspace_id,
        sessions.segment_set,
        sessions.timeframe_days,
        prefixes.page_1,
        prefixes.page_2,
        prefixes.page_3,
        prefixes.page_4

    union all

    select
        sessions.workspace_id,
        sessions.segment_set,
        sessions.timeframe_days,
        2 as steps,
        prefixes.page_1,
        prefixes.page_2,
        prefixes.page_3,
        prefixes.page_4,
        count(*) as sessions
    from dated_sessions as sessions
    inner join common_prefixes as prefixes
        on sessions.workspace_id = prefixes.workspace_id
            and sessions.page_1 = prefixes.page_1
            and sessions.page_2 = prefixes.page_2
    where prefixes.page_3 is null
    group by
        sessions.workspace_id,
        sessions.segment_set,
        sessions.timeframe_days,
        prefixes.page_1,
        prefixes.page_2,
        prefixes.page_3,
        prefixes.page_4

    union all

    select
        sessions.workspace_id,
        sessions.segment_set,
        sessions.timeframe_days,
        3 as steps,
        prefixes.page_1,
        prefixes.page_2,
        prefixes.page_3,
        prefixes.page_4,
        count(*) as sessions
    from dated_sessions as sessions
    inner join common_prefixes as prefixes
        on sessions.workspace_id = prefixes.workspace_id
            and sessions.page_1 = prefixes.page_1
            and sessions.page_2 = prefixes.page_2
            and sessions.page_3 = prefixes.page_3
    where prefixes.page_4 is null
    group by
        sessions.workspace_id,
        sessions.segment_set,
        sessions.timeframe_days,
        prefixes.page_1,
        prefixes.page_2,
        prefixes.page_3,
        prefixes.page_4

    union all

    select
        sessions.workspace_id,
        sessions.segment_set,
        sessions.timeframe_days,
        4 as steps,
        prefixes.page_1,
        prefixes.page_2,
        prefixes.page_3,
        prefixes.page_4,
        count(*) as sessions
    from dated_sessions as sessions
    inner join common_prefixes as prefixes
        on sessions.workspace_id = prefixes.workspace_id
            and sessions.page_1 = prefixes.page_1
            and sessions.page_2 = prefixes.page_2
            and sessions.page_3 = prefixes.page_3
            and sessions.page_4 = prefixes.page_4
    group by
        sessions.workspace_id,
        sessions.segment_set,
        sessions.timeframe_days,
        prefixes.page_1,
        prefixes.page_2,
        prefixes.page_3,
        prefixes.page_4

),

prefixes_of_segments as (

    select
        prefixes.workspace_id,
        segments.segment_id,
        timeframes.timeframe,
        prefixes.steps,
        prefixes.page_1,
        prefixes.page_2,
        prefixes.page_3,
        prefixes.page_4,
        cast(sum(prefixes.sessions) as bigint) as sessions
    from prefixes_of_sets as prefixes
    inner join {{ ref('int_segment_sets') }} as segments
        on prefixes.workspace_id = segments.workspace_id
            and prefixes.segment_set = segments.segment_set
    inner join {{ ref('int_timeframes') }} as timeframes
        on prefixes.workspace_id = timeframes.workspace_id
            and prefixes.timeframe_days <= timeframes.timeframe_days
    group by
        prefixes.workspace_id,
        segments.segment_id,
        timeframes.timeframe,
        prefixes.steps,
        prefixes.page_1,
        prefixes.page_2,
        prefixes.page_3,
        prefixes.page_4

),

reached_steps as (

    select
        paths.workspace_id,
        paths.segment_id,
        paths.timeframe,
        paths.path_rank,
        max(case when prefixes.steps = 1 then prefixes.sessions end) as reached_1,
        max(case when prefixes.steps = 2 then prefixes.sessions end) as reached_2,
        max(case when prefixes.steps = 3 then prefixes.sessions end) as reached_3,
        max(case when prefixes.steps = 4 then prefixes.sessions end) as reached_4
    from common_paths as paths
    inner join prefixes_of_segments as prefixes
        on paths.workspace_id = prefixes.workspace_id
            and paths.segment_id = prefixes.segment_id
            and paths.timeframe = prefixes.timeframe
            and paths.page_1 = prefixes.page_1
            and (prefixes.steps < 2 or paths.page_2 = prefixes.page_2)
            and (prefixes.steps < 3 or paths.page_3 = prefixes.page_3)
            and (prefixes.steps < 4 or paths.page_4 = prefixes.page_4)
    group by paths.workspace_id, paths.segment_id, paths.timeframe, paths.path_rank

)

select
    common_paths.workspace_id,
    common_paths.segment_id,
    common_paths.timeframe,
    common_paths.path_rank,
    common_paths.path,
    common_paths.page_1,
    common_paths.page_2,
    common_paths.page_3,
    common_paths.page_4,
    common_paths.page_5,
    cast(
        2
        + case when common_paths.page_3 is not null then 1 else 0 end
        + case when common_paths.page_4 is not null then 1 else 0 end
        + case when common_paths.page_5 is not null then 1 else 0 end
        as integer
    ) as steps,
    common_paths.sessions as frequency,
    common_paths.users,
    reached_steps.reached_1,
    reached_steps.reached_2,
    reached_steps.reached_3,
    reached_steps.reached_4,
    case when common_paths.page_5 is not null then common_paths.sessions end as reached_5
from common_paths
inner join reached_steps
    on common_paths.workspace_id = reached_steps.workspace_id
        and common_paths.segment_id = reached_steps.segment_id
        and common_paths.timeframe = reached_steps.timeframe
        and common_paths.path_rank = reached_steps.path_rank
