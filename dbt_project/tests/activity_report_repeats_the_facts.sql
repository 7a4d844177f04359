{{ config(meta={'dagster': {'ref': {'name': 'rpt_activity'}}}) }}
-- What a report says about as_of_date is what the facts say about it.
with

expired_dates as (

    {{ expired_dates() }}

),

facts as (

    select
        reports.workspace_id,
        reports.timeframe,
        reports.dau,
        reports.wau,
        reports.mau,
        reports.new_users,
        reports.returning_users,
        reports.reactivated_users,
        reports.churned_users,
        coalesce(days.dau, 0) as fact_dau,
        coalesce(days.wau, 0) as fact_wau,
        coalesce(days.mau, 0) as fact_mau,
        coalesce(growth.new_users, 0) as fact_new_users,
        coalesce(growth.returning_users, 0) as fact_returning_users,
        coalesce(growth.reactivated_users, 0) as fact_reactivated_users,
        coalesce(growth.churned_users, 0) as fact_churned_users
    from {{ ref('rpt_activity') }} as reports
    left join {{ ref('fct_activity_daily') }} as days
        on reports.workspace_id = days.workspace_id
            and reports.as_of_date = days.activity_date
    left join {{ ref('fct_growth_rolling') }} as growth
        on reports.workspace_id = growth.workspace_id
            and reports.as_of_date = growth.activity_date
            and reports.timeframe = growth.window_days || 'd'
    inner join {{ ref('int_timeframes') }} as timeframes
        on reports.workspace_id = timeframes.workspace_id
            and reports.timeframe = timeframes.timeframe
    left join expired_dates as expired on reports.workspace_id = expired.workspace_id
    where reports.segment_id = 'all'
        and coalesce(timeframes.previous_starts_on > expired.expired_until, true)
        and coalesce({{ add_days('reports.as_of_date', -29) }} > expired.expired_until, true)

),

violations as (

    select *
    from facts
    where dau <> fact_dau
        or wau <> fact_wau
        or mau <> fact_mau
        or new_users <> fact_new_users
        or returning_users <> fact_returning_users
        or reactivated_users <> fact_reactivated_users
        or churned_users <> fact_churned_users

)

select * from violations
