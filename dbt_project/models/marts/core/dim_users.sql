with

users as (

    select
        users.*,
        as_of_dates.as_of_date,
        {{ days_between('users.last_active_date', 'as_of_dates.as_of_date') }} as days_since_last_active,
        {{ days_between('users.first_active_date', 'as_of_dates.as_of_date') }} as days_since_first_active
    from {{ ref('int_users') }} as users
    inner join {{ ref('int_as_of_dates') }} as as_of_dates on users.workspace_id = as_of_dates.workspace_id

),

lifecycles as (

    select
        *,
        case
            when first_active_date is null then 'never_active'
            when days_since_first_active <= 6 then 'new'
            when days_since_last_active <= 29 then 'active'
            else 'lapsed'
        end as lifecycle_status
    from users

)

select
    users.workspace_id,
    users.user_key,
    users.signup_date,
    users.first_active_date,
    users.last_active_date,
    users.days_since_first_active,
    users.days_since_last_active,
    {{ days_between('users.first_active_date', 'users.last_active_date') }} + 1 as lifetime_days,
    users.active_days_30,
    users.sessions_30,
    users.events_30,
    coalesce(scores.distinct_features, 0) as features_used_30,
    users.revenue_total,
    devices.device_type,
    devices.browser,
    devices.os,
    devices.country_code,
    users.lifecycle_status,
    {{ label_order('users.lifecycle_status', lifecycle_statuses()) }} as lifecycle_order,
    cast(round(coalesce(scores.engagement_score, 0), 2) as decimal(5, 2)) as engagement_score,
    risks.risk_state,
    {{ label_order('risks.risk_state', risk_labels()) }} as risk_order,
    cast(round(probabilities.churn_probability, 2) as decimal(5, 2)) as churn_probability
from lifecycles as users
left join {{ ref('int_engagement_scores') }} as scores
    on users.workspace_id = scores.workspace_id
        and users.user_key = scores.user_key
        and users.as_of_date = scores.snapshot_date
left join {{ ref('int_user_devices') }} as devices
    on users.workspace_id = devices.workspace_id
        and users.user_key = devices.user_key
left join {{ ref('int_risk_states') }} as risks
    on users.workspace_id = risks.workspace_id
        and users.user_key = risks.user_key
left join {{ ref('int_churn_probabilities') }} as probabilities
    on risks.workspace_id = probabilities.workspace_id
        and risks.risk_state = probabilities.risk_state
