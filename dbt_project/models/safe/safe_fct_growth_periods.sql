with

-- A day's own growth is left out: its rows would repeat the days of cohorts and of activity.
growth as (

    select
        *,
        'all' as segment_id
    from {{ ref('fct_growth_periods') }}
    where grain <> 'day'

),

hidden_growth as (

    {{ hidden_growth('growth', ['grain', 'period_start']) }}

)

select
    growth.workspace_id,
    growth.grain,
    growth.period_start,
    case when not {{ is_small('growth.active_users') }} then growth.active_users end as active_users,
    case when not hidden.are_new_hidden then growth.new_users end as new_users,
    case when not hidden.are_returning_hidden then growth.returning_users end as returning_users,
    case when not hidden.are_reactivated_hidden then growth.reactivated_users end as reactivated_users,
    case when not hidden.are_churned_hidden then growth.churned_users end as churned_users,
    growth.is_complete
from growth
inner join hidden_growth as hidden
    on growth.workspace_id = hidden.workspace_id
        and growth.grain = hidden.grain
        and growth.period_start = hidden.period_start
