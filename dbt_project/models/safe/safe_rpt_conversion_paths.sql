with

paths as (

    {{ cells_of_reports('rpt_conversion_paths', 'users', ['goal_name', 'path']) }}

),

judged_paths as (

    {{ hidden_rows_of_segments('paths', ['timeframe', 'goal_name'], ['path'], are_disjoint=false) }}

),

-- Sessions that hold the path and did not convert are no row, so nothing says how many users they had: few sessions
-- have few users.
judged_rates as (

    select
        *,
        {{ is_small('conversion_rate_numerator') }}
        or {{ is_small('conversion_rate_denominator - conversion_rate_numerator') }} as is_rate_hidden
    from judged_paths

)

select
    workspace_id,
    segment_id,
    timeframe,
    goal_name,
    path_rank,
    path,
    conversions,
    users,
    case when not is_rate_hidden then conversion_rate end as conversion_rate,
    case when not is_rate_hidden then conversion_rate_numerator end as conversion_rate_numerator,
    case when not is_rate_hidden then conversion_rate_denominator end as conversion_rate_denominator
from judged_rates
where not is_hidden
