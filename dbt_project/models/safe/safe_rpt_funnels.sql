with

steps as (

    {{ cells_of_reports('rpt_funnels', 'users', ['funnel_name', 'step']) }}

),

-- Each step is a part of the one before, the first of the active users.
chains as (

    select
        *,
        {{ next_larger('group_users', ['workspace_id', 'segment_id', 'timeframe', 'funnel_name']) }} as larger_users,
        {{ next_larger('rest_users', ['workspace_id', 'segment_id', 'timeframe', 'funnel_name']) }}
            as larger_rest_users
    from steps

),

judged_steps as (

    select
        *,
        is_exposed
        or {{ is_small('group_users') }}
        or {{ is_small('rest_users') }}
        or {{ is_small('larger_users - group_users') }}
        or {{ is_small('larger_rest_users - rest_users') }} as is_hidden
    from chains

),

rates as (

    select
        *,
        is_hidden or lag(is_hidden) over steps_of_funnel as is_step_rate_hidden,
        is_hidden or first_value(is_hidden) over steps_of_funnel as is_conversion_rate_hidden
    from judged_steps
    window steps_of_funnel as (partition by workspace_id, segment_id, timeframe, funnel_name order by step)

)

select
    workspace_id,
    segment_id,
    timeframe,
    funnel_name,
    step,
    step_name,
    case when not is_hidden then users end as users,
    case when not is_step_rate_hidden then step_rate end as step_rate,
    case when not is_step_rate_hidden then step_rate_numerator end as step_rate_numerator,
    case when not is_step_rate_hidden then step_rate_denominator end as step_rate_denominator,
    case when not is_conversion_rate_hidden then conversion_rate end as conversion_rate,
    case when not is_conversion_rate_hidden then conversion_rate_numerator end as conversion_rate_numerator,
    case when not is_conversion_rate_hidden then conversion_rate_denominator end as conversion_rate_denominator,
    case when not is_hidden then median_seconds end as median_seconds,
    is_mature
from rates
