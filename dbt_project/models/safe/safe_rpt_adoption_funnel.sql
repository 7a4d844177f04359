with

stages as (

    {{ cells_of_reports('rpt_adoption_funnel', 'users', ['stage_order']) }}

),

-- Each stage is a part of the one before.
chains as (

    select
        stages.*,
        reports.known_users,
        {{ next_larger('stages.group_users', [
            'stages.workspace_id', 'stages.segment_id', 'stages.timeframe',
            'case when stages.stage_order = 1 then 1 else 0 end',
        ]) }} as larger_users,
        {{ next_larger('stages.rest_users', [
            'stages.workspace_id', 'stages.segment_id', 'stages.timeframe',
            'case when stages.stage_order = 1 then 1 else 0 end',
        ]) }} as larger_rest_users
    from stages
    inner join {{ ref('int_safe_reports') }} as reports
        on stages.workspace_id = reports.workspace_id
            and stages.segment_id = reports.segment_id
            and stages.timeframe = reports.timeframe

),

judged_stages as (

    select
        *,
        case
            when stage_order = 1 then known_users is null
            when stage_order = 2 then false
            else
                {{ is_small('group_users') }}
                or {{ is_small('rest_users') }}
                or {{ is_small('larger_users - group_users') }}
                or {{ is_small('larger_rest_users - rest_users') }}
        end as is_hidden
    from chains

),

dropoffs as (

    select
        *,
        is_hidden
        or lag(is_hidden) over (partition by workspace_id, segment_id, timeframe order by stage_order)
            as is_dropoff_hidden
    from judged_stages

)

select
    workspace_id,
    segment_id,
    timeframe,
    stage_order,
    stage,
    case when not is_hidden then users end as users,
    case when not is_dropoff_hidden then dropoff_rate end as dropoff_rate,
    case when not is_dropoff_hidden then dropoff_rate_numerator end as dropoff_rate_numerator,
    case when not is_dropoff_hidden then dropoff_rate_denominator end as dropoff_rate_denominator
from dropoffs
