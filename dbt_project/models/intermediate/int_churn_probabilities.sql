with

states as (

    {{ risk_states() }}

),

samples as (

    select
        workspace_id,
        risk_state,
        sum(users) as sample_size,
        sum(churned_users) as churned_users
    from {{ ref('int_risk_snapshots') }}
    group by workspace_id, risk_state

)

select
    as_of_dates.workspace_id,
    states.risk_state,
    states.characteristics,
    cast(coalesce(samples.sample_size, 0) as bigint) as sample_size,
    cast({{ ratio('100 * samples.churned_users', 'samples.sample_size', 14) }} as decimal(18, 14)) as churn_probability
from {{ ref('int_as_of_dates') }} as as_of_dates
cross join states
left join samples
    on as_of_dates.workspace_id = samples.workspace_id
        and states.risk_state = samples.risk_state
