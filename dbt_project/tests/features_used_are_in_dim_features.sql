{{ config(meta={'dagster': {'ref': {'name': 'dim_features'}}}) }}

-- Its first and last day are those of the usage up to as_of_date.
with

usage_days as (

    select
        feature_usage.workspace_id,
        feature_usage.feature_name,
        min(feature_usage.activity_date) as first_used_date,
        max(feature_usage.activity_date) as last_used_date
    from {{ ref('fct_feature_usage_daily') }} as feature_usage
    inner join {{ ref('dim_workspaces') }} as workspaces
        on feature_usage.workspace_id = workspaces.workspace_id
            and feature_usage.activity_date <= workspaces.as_of_date
    group by feature_usage.workspace_id, feature_usage.feature_name

),

violations as (

    select
        coalesce(features.workspace_id, usage_days.workspace_id) as workspace_id,
        coalesce(features.feature_name, usage_days.feature_name) as feature_name,
        features.first_used_date,
        features.last_used_date,
        usage_days.first_used_date as first_usage_date,
        usage_days.last_used_date as last_usage_date
    from {{ ref('dim_features') }} as features
    full outer join usage_days
        on features.workspace_id = usage_days.workspace_id
            and features.feature_name = usage_days.feature_name
    where features.workspace_id is null
        or (usage_days.workspace_id is null and (features.first_used_date is not null or not features.is_in_catalogue))
        or features.first_used_date <> usage_days.first_used_date
        or features.last_used_date <> usage_days.last_used_date

)

select * from violations
