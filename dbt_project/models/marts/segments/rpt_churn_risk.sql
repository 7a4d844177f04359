with

reports as (

    select distinct
        workspace_id,
        segment_id
    from {{ ref('int_report_periods') }}

),

users_at_risk as (

    select
        workspace_id,
        user_key,
        risk_state
    from {{ ref('int_risk_states') }}

),

users_of_segments as (

    {{ segment_totals('users_at_risk', keys=['risk_state']) }}

)

select
    reports.workspace_id,
    reports.segment_id,
    states.risk_state,
    {{ label_order('states.risk_state', risk_labels()) }} as risk_order,
    cast(coalesce(users_of_segments.users, 0) as bigint) as users,
    cast(round(states.churn_probability, 2) as decimal(5, 2)) as churn_probability,
    states.sample_size,
    states.characteristics
from reports
inner join {{ ref('int_churn_probabilities') }} as states on reports.workspace_id = states.workspace_id
left join users_of_segments
    on reports.workspace_id = users_of_segments.workspace_id
        and reports.segment_id = users_of_segments.segment_id
        and states.risk_state = users_of_segments.risk_state
