with

path_counts as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        periods.starts_on,
        periods.ends_on,
        conversions.goal_name,
        conversions.page_1,
        conversions.page_2,
        conversions.page_3,
        conversions.page_4,
        conversions.page_5,
        count(*) as conversions,
        count(distinct conversions.user_key) as users
    from {{ ref('int_report_periods') }} as periods
    inner join {{ ref('int_conversions') }} as conversions
        on periods.workspace_id = conversions.workspace_id
            and conversions.session_date between periods.starts_on and periods.ends_on
    group by
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        periods.starts_on,
        periods.ends_on,
        conversions.goal_name,
        conversions.page_1,
        conversions.page_2,
        conversions.page_3,
        conversions.page_4,
        conversions.page_5

),

named_paths as (

    select
        *,
        {{ joined_path('page_1', 'page_2', 'page_3', 'page_4', 'page_5') }} as path
    from path_counts

),

ranked_paths as (

    select
        *,
        cast(row_number() over (
            partition by workspace_id, segment_id, timeframe, goal_name
            order by
                conversions desc,
                {{ byte_order('path') }},
                {{ byte_order('page_1') }},
                {{ byte_order('page_2') }},
                {{ byte_order('page_3') }},
                {{ byte_order('page_4') }}
        ) as integer) as path_rank
    from named_paths

),

kept_paths as (

    select * from ranked_paths
    where path_rank <= 20

),

distinct_paths as (

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

report_days as (

    select
        workspace_id,
        min(starts_on) as starts_on,
        max(ends_on) as ends_on
    from {{ ref('int_report_periods') }}
    group by workspace_id

),

-- Each step of a session with the four that follow it.
step_runs as (

    select
        steps.session_id,
        steps.workspace_id,
        steps.page as page_1,
        lead(steps.page, 1) over steps_of_session as page_2,
        lead(steps.page, 2) over steps_of_session as page_3,
        lead(steps.page, 3) over steps_of_session as page_4,
        lead(steps.page, 4) over steps_of_session as page_5,
        paths.session_date
    from report_days
    inner join {{ ref('int_session_paths') }} as paths
        on report_days.workspace_id = paths.workspace_id
            and paths.session_date between report_days.starts_on and report_days.ends_on
    inner join {{ ref('int_session_steps') }} as steps on paths.session_id = steps.session_id
    window steps_of_session as (partition by steps.session_id order by steps.step)

),

-- A session counts once, however often it holds the path.
sessions_with_path as (

    select distinct
        distinct_paths.*,
        step_runs.session_id,
        step_runs.session_date
    from distinct_paths
    inner join step_runs
        on distinct_paths.workspace_id = step_runs.workspace_id
            and distinct_paths.page_1 = step_runs.page_1
            and (distinct_paths.page_2 is null or distinct_paths.page_2 = step_runs.page_2)
            and (distinct_paths.page_3 is null or distinct_paths.page_3 = step_runs.page_3)
            and (distinct_paths.page_4 is null or distinct_paths.page_4 = step_runs.page_4)
            and (distinct_paths.page_5 is null or distinct_paths.page_5 = step_runs.page_5)

),

-- No page is an empty text, which therefore stands for none.
passing_sessions as (

    select
        kept_paths.workspace_id,
        kept_paths.segment_id,
        kept_paths.timeframe,
        kept_paths.goal_name,
        kept_paths.path_rank,
        count(*) as sessions
    from kept_paths
    inner join sessions_with_path
        on kept_paths.workspace_id = sessions_with_path.workspace_id
            and kept_paths.page_1 = sessions_with_path.page_1
            and coalesce(kept_paths.page_2, '') = coalesce(sessions_with_path.page_2, '')
            and coalesce(kept_paths.page_3, '') = coalesce(sessions_with_path.page_3, '')
            and coalesce(kept_paths.page_4, '') = coalesce(sessions_with_path.page_4, '')
            and coalesce(kept_paths.page_5, '') = coalesce(sessions_with_path.page_5, '')
            and sessions_with_path.session_date between kept_paths.starts_on and kept_paths.ends_on
    group by
        kept_paths.workspace_id,
        kept_paths.segment_id,
        kept_paths.timeframe,
        kept_paths.goal_name,
        kept_paths.path_rank

)

select
    kept_paths.workspace_id,
    kept_paths.segment_id,
    kept_paths.timeframe,
    kept_paths.goal_name,
    kept_paths.path_rank,
    kept_paths.path,
    kept_paths.conversions,
    kept_paths.users,
    cast({{ ratio('100 * kept_paths.conversions', 'passing_sessions.sessions') }} as decimal(5, 2)) as conversion_rate,
    case when kept_paths.page_1 is not null then kept_paths.conversions end as conversion_rate_numerator,
    passing_sessions.sessions as conversion_rate_denominator
from kept_paths
left join passing_sessions
    on kept_paths.workspace_id = passing_sessions.workspace_id
        and kept_paths.segment_id = passing_sessions.segment_id
        and kept_paths.timeframe = passing_sessions.timeframe
        and kept_paths.goal_name = passing_sessions.goal_name
        and kept_paths.path_rank = passing_sessions.path_rank
