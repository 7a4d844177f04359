with

totals as (

    select
        workspace_id,
        activity_date,
        feature_name,
        count(*) as users,
        sum(usage_count) as usage_count,
        sum(seconds_spent) as seconds_spent,
        sum(timed_uses) as timed_uses
    from {{ ref('int_feature_days') }}
    group by workspace_id, activity_date, feature_name

    union all

    select
        workspace_id,
        activity_date,
        feature_name,
        users,
        usage_count,
        seconds_spent,
        timed_uses
    from {{ source('ops', 'expired_features') }}

),

usage_by_day as (

    select
        totals.workspace_id,
        totals.activity_date,
        totals.feature_name,
        sum(totals.users) as unique_users,
        sum(totals.usage_count) as usage_count,
        sum(totals.seconds_spent) as seconds_spent,
        sum(totals.timed_uses) as timed_uses
    from totals
    inner join {{ ref('int_as_of_dates') }} as as_of_dates on totals.workspace_id = as_of_dates.workspace_id
    where {{ is_shown('totals.activity_date', 'as_of_dates.as_of_date') }}
    group by totals.workspace_id, totals.activity_date, totals.feature_name

)

select
    usage_by_day.workspace_id,
    usage_by_day.activity_date,
    usage_by_day.feature_name,
    features.category,
    cast(usage_by_day.usage_count as bigint) as usage_count,
    cast(usage_by_day.unique_users as bigint) as unique_users,
    cast(usage_by_day.seconds_spent as decimal(38, 4)) as seconds_spent,
    cast(usage_by_day.timed_uses as bigint) as timed_uses
from usage_by_day
inner join {{ ref('int_features') }} as features
    on usage_by_day.workspace_id = features.workspace_id
        and usage_by_day.feature_name = features.feature_name
