with

ranked_versions as (

    select
        *,
        row_number() over (
            partition by workspace_id, funnel_name
            order by updated_at desc, {{ byte_order('content_hash') }} desc
        ) as recency_rank
    from {{ ref('stg_funnels') }}

),

funnels_in_force as (

    select
        as_of_dates.workspace_id,
        funnels.funnel_name,
        funnels.window_hours,
        funnels.load_id,
        funnels.line,
        row_number() over (
            partition by as_of_dates.workspace_id, funnels.funnel_name
            order by case when funnels.workspace_id is null then 2 else 1 end
        ) as precedence
    from {{ ref('int_as_of_dates') }} as as_of_dates
    inner join ranked_versions as funnels
        on as_of_dates.workspace_id = coalesce(funnels.workspace_id, as_of_dates.workspace_id)
    where funnels.recency_rank = 1

)

select
    funnels.workspace_id,
    funnels.funnel_name,
    cast(steps.step as integer) as step,
    steps.step_name,
    cast(funnels.window_hours as integer) as window_hours,
    {{ like_pattern('steps.event_type') }} as event_type_pattern,
    {{ like_pattern('steps.event_name') }} as event_name_pattern,
    {{ like_pattern('steps.page_path') }} as page_path_pattern
from funnels_in_force as funnels
inner join {{ ref('stg_funnel_steps') }} as steps
    on funnels.load_id = steps.load_id
        and funnels.line = steps.line
where funnels.precedence = 1
