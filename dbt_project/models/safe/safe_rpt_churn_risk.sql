with

states as (

    select
        risk.*,
        risk.users as group_users,
        false as is_exposed
    from {{ ref('rpt_churn_risk') }} as risk

),

-- The users of the states are those active in the last 30 days.
states_and_rests as (

    select
        states.*,
        {{ of_the_rest('users', ['risk_state']) }} as rest_users
    from states

),

cells as (

    select states.*
    from states_and_rests as states
    inner join {{ ref('int_safe_reports') }} as reports
        on states.workspace_id = reports.workspace_id
            and states.segment_id = reports.segment_id
            and reports.timeframe = '30d'

),

judged_states as (

    {{ hidden_rows_of_segments('cells', [], ['risk_state'], are_disjoint=true) }}

),

-- A user counts at each snapshot, so the largest one says how many users are surely behind the sample.
samples as (

    select
        workspace_id,
        risk_state,
        max(users) as users,
        max(churned_users) as churned_users,
        max(users - churned_users) as kept_users
    from {{ ref('int_risk_snapshots') }}
    group by workspace_id, risk_state

),

judged_samples as (

    select
        states.*,
        {{ is_small('samples.users') }}
        or {{ is_small('samples.churned_users') }}
        or {{ is_small('samples.kept_users') }} as is_sample_hidden
    from judged_states as states
    left join samples
        on states.workspace_id = samples.workspace_id
            and states.risk_state = samples.risk_state

)

select
    workspace_id,
    segment_id,
    risk_state,
    risk_order,
    case when not is_hidden then users end as users,
    case when not is_sample_hidden then churn_probability end as churn_probability,
    case when not is_sample_hidden then sample_size end as sample_size,
    characteristics
from judged_samples
