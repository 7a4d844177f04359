-- depends_on: {{ ref('int_conversion_spans') }} (named inside is_incremental, where dbt does not see it while parsing)
{{ config(
    materialized='incremental',
    incremental_strategy='replace_conversion_spans',
    meta={'moment': 'started_at'}
) }}

with

events as (

    select * from {{ ref('int_events') }} as events
    where not is_bot
    {% if is_incremental() %}
        and {{ touches_span('events', 'created_at', ref('int_conversion_spans')) }}
    {% endif %}

),

reached_goals as (

    select
        events.session_id,
        goals.goal_name,
        min(events.event_number) as event_number
    from events
    inner join {{ ref('int_goals') }} as goals
        on events.workspace_id = goals.workspace_id
            and {{ matches_pattern('events.event_type', 'goals.event_type_pattern') }}
            and {{ matches_pattern('events.event_name', 'goals.event_name_pattern') }}
            and {{ matches_pattern('events.page_path', 'goals.page_path_pattern') }}
    group by events.session_id, goals.goal_name

),

steps_before_goals as (

    select
        reached_goals.session_id,
        reached_goals.goal_name,
        steps.page,
        steps.step,
        max(steps.step) over (partition by reached_goals.session_id, reached_goals.goal_name) as last_step
    from reached_goals
    inner join {{ ref('int_session_steps') }} as steps
        on reached_goals.session_id = steps.session_id
            and reached_goals.event_number >= steps.first_event_number

),

last_steps as (

    select
        session_id,
        goal_name,
        page,
        step - greatest(last_step - 5, 0) as path_step
    from steps_before_goals
    where step > last_step - 5

),

paths as (

    select
        session_id,
        goal_name,
        max(case when path_step = 1 then page end) as page_1,
        max(case when path_step = 2 then page end) as page_2,
        max(case when path_step = 3 then page end) as page_3,
        max(case when path_step = 4 then page end) as page_4,
        max(case when path_step = 5 then page end) as page_5
    from last_steps
    group by session_id, goal_name

)

select
    sessions.workspace_id,
    sessions.session_id,
    sessions.user_key,
    reached_goals.goal_name,
    paths.page_1,
    paths.page_2,
    paths.page_3,
    paths.page_4,
    paths.page_5,
    sessions.session_date,
    sessions.started_at
from reached_goals
inner join {{ ref('int_sessions') }} as sessions on reached_goals.session_id = sessions.session_id
left join paths
    on reached_goals.session_id = paths.session_id
        and reached_goals.goal_name = paths.goal_name
