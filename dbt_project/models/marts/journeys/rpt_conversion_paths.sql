with

conversions as (

    select * from {{ ref('int_conversions') }}

),

kept_paths as (

    {{ ranked_paths('conversions', limit=20, keys=['goal_name']) }}

),

distinct_pages as (

    select distinct
        workspace_id,
        page_1,
        page_2,
        page_3,
        page_4,
        page_5
    from kept_paths
    where page_1 is not null

),

distinct_paths as (

    select
        *,
        row_number() over (order by workspace_id, page_1, page_2, page_3, page_4, page_5) as path_number
    from distinct_pages

),

first_pages as (

    select distinct
        workspace_id,
        page_1
    from distinct_paths

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
        sessions.session_id,
        users.segment_set,
        {{ shortest_timeframe('sessions.session_date', 'days_of_reports.ends_on') }} as timeframe_days
    from {{ ref('int_session_paths') }} as sessions
    inner join days_of_reports
        on sessions.workspace_id = days_of_reports.workspace_id
            and sessions.session_date between days_of_reports.starts_on and days_of_reports.ends_on
    inner join {{ ref('int_user_segment_sets') }} as users on sessions.user_key = users.user_key

),

-- Each step of a session with the four that follow it.
step_runs as (

    select
        steps.session_id,
        steps.workspace_id,
        steps.page as page_1,
        steps.page_2,
        steps.page_3,
        steps.page_4,
        steps.page_5,
        dated_sessions.segment_set,
        dated_sessions.timeframe_days
    from {{ ref('int_session_steps') }} as steps
    inner join first_pages
        on steps.workspace_id = first_pages.workspace_id
            and steps.page = first_pages.page_1
    inner join dated_sessions on steps.session_id = dated_sessions.session_id

),

-- A session counts once, however often it holds the path.
sessions_with_path as (

    select distinct
        paths.path_number,
        runs.workspace_id,
        runs.segment_set,
        runs.timeframe_days,
        runs.session_id
    from distinct_paths as paths
    inner join step_runs as runs
        on paths.workspace_id = runs.workspace_id
            and paths.page_1 = runs.page_1
    where paths.page_2 is null

    union all

    select distinct
        paths.path_number,
        runs.workspace_id,
        runs.segment_set,
        runs.timeframe_days,
        runs.session_id
    from distinct_paths as paths
    inner join step_runs as runs
        on paths.workspace_id = runs.workspace_id
            and paths.page_1 = runs.page_1
            and paths.page_2 = runs.page_2
    where paths.page_3 is null

    union all

    select distinct
        paths.path_number,
        runs.workspace_id,
        runs.segment_set,
        runs.timeframe_days,
        runs.session_id
    from distinct_paths as paths
    inner join step_runs as runs
        on paths.workspace_id = runs.workspace_id
            and paths.page_1 = runs.page_1
            and paths.page_2 = runs.page_2
            and paths.page_3 = runs.page_3
    where paths.page_4 is null

    union all

    select distinct
        paths.path_number,
        runs.workspace_id,
        runs.segment_set,
        runs.timeframe_days,
        runs.session_id
    from distinct_paths as paths
    inner join step_runs as runs
        on paths.workspace_id = runs.workspace_id
            and paths.page_1 = runs.page_1
            and paths.page_2 = runs.page_2
            and paths.page_3 = runs.page_3
            and paths.page_4 = runs.page_4
    where paths.page_5 is null

    union all

    select distinct
        paths.path_number,
        runs.workspace_id,
        runs.segment_set,
        runs.timeframe_days,
        runs.session_id
    from distinct_paths as paths
    inner join step_runs as runs
        on paths.workspace_id = runs.workspace_id
            and paths.page_1 = runs.page_1
            and paths.page_2 = runs.page_2
            and paths.page_3 = runs.page_3
            and paths.page_4 = runs.page_4
            and paths.page_5 = runs.page_5

),

sessions_of_sets as (

    select
        workspace_id,
        segment_set,
        timeframe_days,
        path_number,
        count(*) as sessions
    from sessions_with_path
    group by workspace_id, segment_set, timeframe_days, path_number

),

sessions_of_segments as (

    select
        counts.workspace_id,
        segments.segment_id,
        timeframes.timeframe,
        counts.path_number,
        cast(sum(counts.sessions) as bigint) as sessions
    from sessions_of_sets as counts
    inner join {{ ref('int_segment_sets') }} as segments
        on counts.workspace_id = segments.workspace_id
            and counts.segment_set = segments.segment_set
    inner join {{ ref('int_timeframes') }} as timeframes
        on counts.workspace_id = timeframes.workspace_id
            and counts.timeframe_days <= timeframes.timeframe_days
    group by counts.workspace_id, segments.segment_id, timeframes.timeframe, counts.path_number

),

-- No page is an empty text, which therefore stands for none.
numbered_paths as (

    select
        kept_paths.*,
        distinct_paths.path_number
    from kept_paths
    left join distinct_paths
        on kept_paths.workspace_id = distinct_paths.workspace_id
            and kept_paths.page_1 = distinct_paths.page_1
            and coalesce(kept_paths.page_2, '') = coalesce(distinct_paths.page_2, '')
            and coalesce(kept_paths.page_3, '') = coalesce(distinct_paths.page_3, '')
            and coalesce(kept_paths.page_4, '') = coalesce(distinct_paths.page_4, '')
            and coalesce(kept_paths.page_5, '') = coalesce(distinct_paths.page_5, '')

)

select
    paths.workspace_id,
    paths.segment_id,
    paths.timeframe,
    paths.goal_name,
    paths.path_rank,
    paths.path,
    paths.sessions as conversions,
    paths.users,
    cast({{ ratio('100 * paths.sessions', 'holding.sessions') }} as decimal(5, 2)) as conversion_rate,
    case when paths.page_1 is not null then paths.sessions end as conversion_rate_numerator,
    holding.sessions as conversion_rate_denominator
from numbered_paths as paths
left join sessions_of_segments as holding
    on paths.workspace_id = holding.workspace_id
        and paths.segment_id = holding.segment_id
        and paths.timeframe = holding.timeframe
        and paths.path_number = holding.path_number
