with

churn as (

    select
        *,
        {{ of_the_rest('churn_rate_denominator', ['timeframe']) }} as rest_users_before
    from {{ ref('rpt_churn') }}

),

judged as (

    select
        churn.*,
        {{ is_small('churn.churn_rate_denominator') }} or {{ is_small('churn.rest_users_before') }}
            as are_users_before_hidden,
        activity.churned_users is null as are_churned_hidden
    from churn
    inner join {{ ref('safe_rpt_activity') }} as activity
        on churn.workspace_id = activity.workspace_id
            and churn.segment_id = activity.segment_id
            and churn.timeframe = activity.timeframe

)

select
    workspace_id,
    segment_id,
    timeframe,
    case when not are_churned_hidden then churned_users end as churned_users,
    case when not are_churned_hidden and not are_users_before_hidden then churn_rate end as churn_rate,
    case when not are_churned_hidden then churn_rate_numerator end as churn_rate_numerator,
    case when not are_users_before_hidden then churn_rate_denominator end as churn_rate_denominator
from judged
