-- Read anew at each build, over the days that a report can show, because goals change without an event being touched.
with

report_days as (

    select
        workspace_id,
        min(starts_on) as starts_on,
        max(ends_on) as ends_on
    from {{ ref('int_report_periods') }}
    group by workspace_id

),

sessions as (

    select
        sessions.session_id,
        sessions.workspace_id,
        sessions.user_key,
        sessions.session_date
    from {{ ref('int_sessions') }} as sessions
    inner join report_days
        on sessions.workspace_id = report_days.workspace_id
            and sessions.session_date between report_days.starts_on and report_days.ends_on
    where not sessions.is_bot

),

reached_goals as (

    select
        sessions.session_id,
        sessions.workspace_id,
        sessions.user_key,
        sessions.session_date,
        goals.goal_name,
        min(events.event_number) as event_number
    from sessions
    inner join {{ ref('int_events') }} as events on sessions.session_id = events.session_id
    inner join {{ ref('int_goals') }} as goals
        on events.workspace_id = goals.workspace_id
            and {{ matches_pattern('events.event_type', 'goals.event_type_pattern') }}
            and {{ matches_pattern('events.event_name', 'goals.event_name_pattern') }}
            and {{ matches_pattern('events.page_path', 'goals.page_path_pattern') }}
    group by
        sessions.session_id,
        sessions.workspace_id,
        sessions.user_key,
        sessions.session_date,
        goals.goal_name

),

-- Steps seen before or at the goal, numbered backwards from it.
steps_before_goals as (

    select
        reached_goals.session_id,
        reached_goals.goal_name,
        steps.page,
        row_number() over (
            partition by reached_goals.session_id, reached_goals.goal_name
            order by steps.step desc
        ) as steps_back
    from reached_goals
    inner join {{ ref('int_session_steps') }} as steps
        on reached_goals.session_id = steps.session_id
            and reached_goals.event_number >= steps.first_event_number

),

last_steps as (

    select
        *,
        row_number() over (
            partition by session_id, goal_name
            order by steps_back desc
        ) as step
    from steps_before_goals
    where steps_back <= 5

),

paths as (

    select
        session_id,
        goal_name,
        max(case when step = 1 then page end) as page_1,
        max(case when step = 2 then page end) as page_2,
        max(case when step = 3 then page end) as page_3,
        max(case when step = 4 then page end) as page_4,
        max(case when step = 5 then page end) as page_5
    from last_steps
    group by session_id, goal_name

)

select
    reached_goals.workspace_id,
    reached_goals.session_id,
    reached_goals.user_key,
    reached_goals.goal_name,
    paths.page_1,
    paths.page_2,
    paths.page_3,
    paths.page_4,
    paths.page_5,
    reached_goals.session_date
from reached_goals
left join paths
    on reached_goals.session_id = paths.session_id
        and reached_goals.goal_name = paths.goal_name
