with

ranked_versions as (

    select
        *,
        row_number() over (
            partition by workspace_id, goal_name
            order by updated_at desc, {{ byte_order('content_hash') }} desc
        ) as recency_rank
    from {{ ref('stg_goals') }}
    -- A goal that names no field would be reached by every event.
    where coalesce(event_type, event_name, page_path) is not null

),

goals_in_force as (

    select
        as_of_dates.workspace_id,
        goals.goal_name,
        goals.event_type,
        goals.event_name,
        goals.page_path,
        row_number() over (
            partition by as_of_dates.workspace_id, goals.goal_name
            order by case when goals.workspace_id is null then 2 else 1 end
        ) as precedence
    from {{ ref('int_as_of_dates') }} as as_of_dates
    inner join ranked_versions as goals
        on as_of_dates.workspace_id = coalesce(goals.workspace_id, as_of_dates.workspace_id)
    where goals.recency_rank = 1

)

select
    workspace_id,
    goal_name,
    {{ like_pattern('event_type') }} as event_type_pattern,
    {{ like_pattern('event_name') }} as event_name_pattern,
    {{ like_pattern('page_path') }} as page_path_pattern
from goals_in_force
where precedence = 1
