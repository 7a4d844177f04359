{{ config(meta={'dagster': {'ref': {'name': 'fct_user_feature_days'}}}) }}

with

features as (

    select
        workspace_id,
        user_key,
        activity_date,
        sum(usage_count) as usage_count,
        count(case when timed_uses > usage_count then 1 end) as impossible_rows
    from {{ ref('fct_user_feature_days') }}
    group by workspace_id, user_key, activity_date

),

violations as (

    select
        coalesce(days.workspace_id, features.workspace_id) as workspace_id,
        coalesce(days.user_key, features.user_key) as user_key,
        coalesce(days.activity_date, features.activity_date) as activity_date,
        days.feature_uses,
        features.usage_count,
        features.impossible_rows
    from {{ ref('fct_user_days') }} as days
    full outer join features
        on days.workspace_id = features.workspace_id
            and days.user_key = features.user_key
            and days.activity_date = features.activity_date
    where coalesce(days.feature_uses, 0) <> coalesce(features.usage_count, 0)
        or features.impossible_rows > 0

)

select * from violations
