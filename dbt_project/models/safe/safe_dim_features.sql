with

users_of_features as (

    select
        feature_days.workspace_id,
        feature_days.feature_name,
        count(distinct feature_days.user_key) as users
    from {{ ref('int_feature_days') }} as feature_days
    inner join {{ ref('int_as_of_dates') }} as as_of_dates
        on feature_days.workspace_id = as_of_dates.workspace_id
            and feature_days.activity_date <= as_of_dates.as_of_date
    group by feature_days.workspace_id, feature_days.feature_name

)

-- A catalogue names no person; a name that only a few users' events carry might.
select
    features.workspace_id,
    features.feature_name,
    features.category,
    features.is_in_catalogue
from {{ ref('dim_features') }} as features
left join users_of_features as used
    on features.workspace_id = used.workspace_id
        and features.feature_name = used.feature_name
where features.is_in_catalogue
    or not {{ is_small('used.users') }}
