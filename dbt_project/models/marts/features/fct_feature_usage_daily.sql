with

usage_by_day as (

    select
        feature_days.workspace_id,
        feature_days.activity_date,
        feature_days.feature_name,
        count(*) as unique_users,
        sum(feature_days.usage_count) as usage_count,
        sum(feature_days.seconds_spent) as seconds_spent,
        sum(feature_days.timed_uses) as timed_uses
    from {{ ref('int_feature_days') }} as feature_days
    inner join {{ ref('int_as_of_dates') }} as as_of_dates
        on feature_days.workspace_id = as_of_dates.workspace_id
    where {{ is_shown('feature_days.activity_date', 'as_of_dates.as_of_date') }}
    group by feature_days.workspace_id, feature_days.activity_date, feature_days.feature_name

)

select
    usage_by_day.workspace_id,
    usage_by_day.activity_date,
    usage_by_day.feature_name,
    features.category,
    cast(usage_by_day.usage_count as bigint) as usage_count,
    usage_by_day.unique_users,
    cast(usage_by_day.seconds_spent as decimal(38, 4)) as seconds_spent,
    cast(usage_by_day.timed_uses as bigint) as timed_uses
from usage_by_day
inner join {{ ref('int_features') }} as features
    on usage_by_day.workspace_id = features.workspace_id
        and usage_by_day.feature_name = features.feature_name
