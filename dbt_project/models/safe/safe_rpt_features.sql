with

features as (

    {{ cells_of_reports('rpt_features', 'unique_users', ['feature_name']) }}

),

feature_users as (

    select
        workspace_id,
        segment_id,
        timeframe,
        users,
        {{ of_the_rest('users', ['timeframe']) }} as rest_users
    from {{ ref('rpt_adoption_funnel') }}
    where stage = 'Used any feature'

),

-- Who used the feature, within those who used any; and of the users of the timeframe before, who came back to it.
cells as (

    select
        features.workspace_id,
        features.segment_id,
        features.timeframe,
        features.feature_name,
        features.group_users,
        features.rest_users,
        features.is_exposed
        or {{ is_small('feature_users.users - features.group_users') }}
        or {{ is_small('feature_users.rest_users - features.rest_users') }} as is_exposed
    from features
    inner join feature_users
        on features.workspace_id = feature_users.workspace_id
            and features.segment_id = feature_users.segment_id
            and features.timeframe = feature_users.timeframe

),

judged_features as (

    {{ hidden_rows_of_segments('cells', ['timeframe'], ['feature_name'], are_disjoint=false) }}

),

returning_users as (

    select
        workspace_id,
        segment_id,
        timeframe,
        feature_name,
        unique_users,
        retention_rate_numerator as users_of_both,
        retention_rate_denominator as users_before,
        {{ of_the_rest('unique_users', ['timeframe', 'feature_name']) }} as rest_unique_users,
        {{ of_the_rest('retention_rate_numerator', ['timeframe', 'feature_name']) }} as rest_users_of_both,
        {{ of_the_rest('retention_rate_denominator', ['timeframe', 'feature_name']) }} as rest_users_before
    from {{ ref('rpt_features') }}

),

judged_returns as (

    select
        *,
        {{ is_small('users_of_both') }}
        or {{ is_small('users_before') }}
        or {{ is_small('users_before - users_of_both') }}
        or {{ is_small('unique_users - users_of_both') }}
        or {{ is_small('rest_users_of_both') }}
        or {{ is_small('rest_users_before') }}
        or {{ is_small('rest_users_before - rest_users_of_both') }}
        or {{ is_small('rest_unique_users - rest_users_of_both') }} as is_retention_hidden
    from returning_users

),

judged as (

    select
        features.*,
        judged_features.is_hidden,
        judged_features.is_hidden or judged_returns.is_retention_hidden as is_retention_hidden,
        judged_features.is_hidden
        or reports.known_users is null
        or {{ is_small('reports.known_users - features.unique_users') }}
        or {{ is_small('reports.rest_known_users - features.rest_users') }} as is_adoption_hidden
    from features
    inner join judged_features
        on features.workspace_id = judged_features.workspace_id
            and features.segment_id = judged_features.segment_id
            and features.timeframe = judged_features.timeframe
            and features.feature_name = judged_features.feature_name
    inner join judged_returns
        on features.workspace_id = judged_returns.workspace_id
            and features.segment_id = judged_returns.segment_id
            and features.timeframe = judged_returns.timeframe
            and features.feature_name = judged_returns.feature_name
    inner join {{ ref('int_safe_reports') }} as reports
        on features.workspace_id = reports.workspace_id
            and features.segment_id = reports.segment_id
            and features.timeframe = reports.timeframe

)

select
    judged.workspace_id,
    judged.segment_id,
    judged.timeframe,
    judged.feature_name,
    judged.category,
    case when not judged.is_hidden then judged.usage_count end as usage_count,
    case when not judged.is_hidden then judged.unique_users end as unique_users,
    case when not judged.is_hidden then judged.avg_time_spent end as avg_time_spent,
    case when not judged.is_adoption_hidden then judged.adoption_rate end as adoption_rate,
    case when not judged.is_adoption_hidden then judged.adoption_rate_numerator end as adoption_rate_numerator,
    case when not judged.is_adoption_hidden then judged.adoption_rate_denominator end as adoption_rate_denominator,
    case when not judged.is_hidden then judged.active_adoption_rate end as active_adoption_rate,
    case when not judged.is_hidden then judged.active_adoption_rate_numerator end as active_adoption_rate_numerator,
    case when not judged.is_hidden then judged.active_adoption_rate_denominator end
        as active_adoption_rate_denominator,
    case when not judged.is_retention_hidden then judged.retention_rate end as retention_rate,
    case when not judged.is_retention_hidden then judged.retention_rate_numerator end as retention_rate_numerator,
    case when not judged.is_retention_hidden then judged.retention_rate_denominator end as retention_rate_denominator,
    case when not judged.is_hidden then judged.trend end as trend,
    case when not judged.is_hidden then judged.trend_order end as trend_order,
    case when not judged.is_hidden then judged.usage_rank end as usage_rank,
    case when not judged.is_hidden then judged.is_unused end as is_unused
from judged
inner join {{ ref('safe_dim_features') }} as shown_features
    on judged.workspace_id = shown_features.workspace_id
        and judged.feature_name = shown_features.feature_name
