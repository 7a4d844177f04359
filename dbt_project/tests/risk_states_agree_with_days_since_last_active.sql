{{ config(meta={'dagster': {'ref': {'name': 'rpt_churn_risk'}}}) }}

-- A user's state fits the days since the last active one, and has the probability that rpt_churn_risk gives it; that
-- report counts the users of each state.
with

misplaced_users as (

    select
        users.workspace_id,
        users.user_key as misplaced,
        users.risk_state
    from {{ ref('dim_users') }} as users
    left join {{ ref('rpt_churn_risk') }} as risks
        on users.workspace_id = risks.workspace_id
            and users.risk_state = risks.risk_state
            and risks.segment_id = 'all'
    where (users.risk_state is null) <> (coalesce(users.days_since_last_active, 30) >= 30)
        or (users.risk_state = 'Engaged' and users.days_since_last_active > 6)
        or (users.risk_state = 'Cooling' and users.days_since_last_active > 13)
        or (users.risk_state = 'At risk' and users.days_since_last_active not between 14 and 20)
        or (users.risk_state = 'Slipping away' and users.days_since_last_active not between 21 and 29)
        or coalesce(users.churn_probability, -1) <> coalesce(risks.churn_probability, -1)

),

counted_users as (

    select
        workspace_id,
        risk_state,
        count(*) as users
    from {{ ref('dim_users') }}
    where risk_state is not null
    group by workspace_id, risk_state

),

miscounted_states as (

    select
        risks.workspace_id,
        'users in rpt_churn_risk' as misplaced,
        risks.risk_state
    from {{ ref('rpt_churn_risk') }} as risks
    left join counted_users
        on risks.workspace_id = counted_users.workspace_id
            and risks.risk_state = counted_users.risk_state
    where risks.segment_id = 'all'
        and risks.users <> coalesce(counted_users.users, 0)

),

violations as (

    select * from misplaced_users
    union all
    select * from miscounted_states

)

select * from violations
