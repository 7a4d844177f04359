{{ config(meta={'dagster': {'ref': {'name': 'fct_feature_usage_daily'}}}) }}

with

features as (

    select
        workspace_id,
        activity_date,
        sum(usage_count) as usage_count,
        max(unique_users) as most_users_of_a_feature,
        count(case when timed_uses > usage_count or unique_users > usage_count then 1 end) as impossible_rows
    from {{ ref('fct_feature_usage_daily') }}
    group by workspace_id, activity_date

),

days as (

    select
        workspace_id,
        activity_date,
        feature_uses,
        case when feature_uses > 0 then 1 else 0 end as users
    from {{ ref('fct_user_days') }}

    union all

    select
        workspace_id,
        activity_date,
        feature_uses,
        feature_users as users
    from {{ source('ops', 'expired_days') }}

),

user_days as (

    select
        workspace_id,
        activity_date,
        sum(feature_uses) as feature_uses,
        sum(users) as users
    from days
    group by workspace_id, activity_date

),

violations as (

    select
        coalesce(user_days.workspace_id, features.workspace_id) as workspace_id,
        coalesce(user_days.activity_date, features.activity_date) as activity_date,
        user_days.feature_uses,
        features.usage_count,
        user_days.users,
        features.most_users_of_a_feature,
        features.impossible_rows
    from user_days
    full outer join features
        on user_days.workspace_id = features.workspace_id
            and user_days.activity_date = features.activity_date
    where user_days.workspace_id is null
        or user_days.feature_uses <> coalesce(features.usage_count, 0)
        or user_days.users < coalesce(features.most_users_of_a_feature, 0)
        or features.impossible_rows > 0

)

select * from violations
