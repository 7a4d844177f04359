with

periods as (

    select * from {{ ref('int_report_periods') }}

),

known_users as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        count(*) as users
    from periods
    inner join {{ ref('int_users') }} as users
        on periods.workspace_id = users.workspace_id
            and periods.ends_on >= users.known_from
    group by periods.workspace_id, periods.segment_id, periods.timeframe

),

active_users as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        count(distinct user_days.user_key) as users
    from periods
    inner join {{ ref('int_user_days') }} as user_days
        on periods.workspace_id = user_days.workspace_id
            and user_days.activity_date between periods.starts_on and periods.ends_on
    where not user_days.is_bot
    group by periods.workspace_id, periods.segment_id, periods.timeframe

),

usage_by_user as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        feature_days.feature_name,
        feature_days.user_key,
        sum(case when feature_days.activity_date >= periods.starts_on then feature_days.usage_count else 0 end)
            as uses_now,
        sum(case when feature_days.activity_date < periods.starts_on then feature_days.usage_count else 0 end)
            as uses_before,
        sum(case when feature_days.activity_date >= periods.starts_on then feature_days.seconds_spent else 0 end)
            as seconds_spent,
        sum(case when feature_days.activity_date >= periods.starts_on then feature_days.timed_uses else 0 end)
            as timed_uses
    from periods
    inner join {{ ref('int_feature_days') }} as feature_days
        on periods.workspace_id = feature_days.workspace_id
            and feature_days.activity_date between periods.previous_starts_on and periods.ends_on
    group by
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        feature_days.feature_name,
        feature_days.user_key

),

usage_by_feature as (

    select
        workspace_id,
        segment_id,
        timeframe,
        feature_name,
        sum(uses_now) as uses_now,
        sum(uses_before) as uses_before,
        sum(seconds_spent) as seconds_spent,
        sum(timed_uses) as timed_uses,
        count(case when uses_now > 0 then 1 end) as users_now,
        count(case when uses_before > 0 then 1 end) as users_before,
        count(case when uses_now > 0 and uses_before > 0 then 1 end) as users_of_both
    from usage_by_user
    group by workspace_id, segment_id, timeframe, feature_name

),

measures as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        features.feature_name,
        features.category,
        features.last_used_date,
        coalesce(usage_by_feature.uses_now, 0) as uses_now,
        coalesce(usage_by_feature.uses_before, 0) as uses_before,
        coalesce(usage_by_feature.users_now, 0) as users_now,
        coalesce(usage_by_feature.users_before, 0) as users_before,
        coalesce(usage_by_feature.users_of_both, 0) as users_of_both,
        usage_by_feature.seconds_spent,
        usage_by_feature.timed_uses,
        coalesce(known_users.users, 0) as known_users,
        coalesce(active_users.users, 0) as active_users
    from periods
    inner join {{ ref('dim_features') }} as features
        on periods.workspace_id = features.workspace_id
    left join usage_by_feature
        on periods.workspace_id = usage_by_feature.workspace_id
            and periods.segment_id = usage_by_feature.segment_id
            and periods.timeframe = usage_by_feature.timeframe
            and features.feature_name = usage_by_feature.feature_name
    left join known_users
        on periods.workspace_id = known_users.workspace_id
            and periods.segment_id = known_users.segment_id
            and periods.timeframe = known_users.timeframe
    left join active_users
        on periods.workspace_id = active_users.workspace_id
            and periods.segment_id = active_users.segment_id
            and periods.timeframe = active_users.timeframe

)

select
    workspace_id,
    segment_id,
    timeframe,
    feature_name,
    category,
    cast(uses_now as bigint) as usage_count,
    users_now as unique_users,
    cast({{ ratio('seconds_spent', 'timed_uses') }} as decimal(18, 2)) as avg_time_spent,
    cast({{ ratio('100 * users_now', 'known_users') }} as decimal(5, 2)) as adoption_rate,
    users_now as adoption_rate_numerator,
    known_users as adoption_rate_denominator,
    cast({{ ratio('100 * users_now', 'active_users') }} as decimal(5, 2)) as active_adoption_rate,
    users_now as active_adoption_rate_numerator,
    active_users as active_adoption_rate_denominator,
    cast({{ ratio('100 * users_of_both', 'users_before') }} as decimal(5, 2)) as retention_rate,
    users_of_both as retention_rate_numerator,
    users_before as retention_rate_denominator,
    case
        when uses_before = 0 and uses_now > 0 then 'increasing'
        when 10 * uses_now > 11 * uses_before then 'increasing'
        when 10 * uses_now < 9 * uses_before then 'decreasing'
        else 'stable'
    end as trend,
    row_number() over (
        partition by workspace_id, segment_id, timeframe
        order by uses_now desc, {{ byte_order('feature_name') }}
    ) as usage_rank,
    uses_now = 0 as is_unused,
    last_used_date
from measures
