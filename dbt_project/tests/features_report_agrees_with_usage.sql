{{ config(meta={'dagster': {'ref': {'name': 'rpt_features'}}}) }}

-- Every feature of dim_features is in every timeframe of every segment, for `all` with the usage of its days, and the
-- users of a feature are among the active ones and these among the known ones.
with

expired_dates as (

    {{ expired_dates() }}

),

expected_features as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        features.feature_name,
        case when periods.segment_id = 'all' then coalesce(sum(feature_usage.usage_count), 0) end as usage_count,
        case when periods.segment_id = 'all' then coalesce(max(feature_usage.unique_users), 0) end
            as most_users_of_a_day,
        case when periods.segment_id = 'all' then coalesce(sum(feature_usage.unique_users), 0) end as users_of_days
    from {{ ref('int_report_periods') }} as periods
    inner join {{ ref('dim_features') }} as features on periods.workspace_id = features.workspace_id
    left join {{ ref('fct_feature_usage_daily') }} as feature_usage
        on features.workspace_id = feature_usage.workspace_id
            and features.feature_name = feature_usage.feature_name
            and feature_usage.activity_date between periods.starts_on and periods.ends_on
            and periods.segment_id = 'all'
    left join expired_dates as expired on periods.workspace_id = expired.workspace_id
    where coalesce(periods.starts_on > expired.expired_until, true)
    group by periods.workspace_id, periods.segment_id, periods.timeframe, features.feature_name

),

violations as (

    select
        expected_features.workspace_id,
        expected_features.segment_id,
        expected_features.timeframe,
        expected_features.feature_name,
        expected_features.usage_count as expected_usage_count,
        report.usage_count,
        report.unique_users,
        report.active_adoption_rate_denominator as active_users,
        report.adoption_rate_denominator as known_users
    from expected_features
    left join {{ ref('rpt_features') }} as report
        on expected_features.workspace_id = report.workspace_id
            and expected_features.segment_id = report.segment_id
            and expected_features.timeframe = report.timeframe
            and expected_features.feature_name = report.feature_name
    where report.workspace_id is null
        or expected_features.usage_count <> report.usage_count
        or report.unique_users not between expected_features.most_users_of_a_day and expected_features.users_of_days
        or report.unique_users > report.active_adoption_rate_denominator
        or report.active_adoption_rate_denominator > report.adoption_rate_denominator
        or report.retention_rate_numerator > report.unique_users
        or report.is_unused <> (report.usage_count = 0)

)

select * from violations
