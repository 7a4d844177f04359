{{ config(meta={'dagster': {'ref': {'name': 'rpt_churn'}}}) }}

-- Churned and active before are what growth accounting over the trailing days of the timeframe says.
with

expired_dates as (

    {{ expired_dates() }}

),

growth as (

    select
        growth.workspace_id,
        growth.window_days,
        growth.churned_users,
        growth.returning_users
    from {{ ref('fct_growth_rolling') }} as growth
    inner join {{ ref('dim_workspaces') }} as workspaces
        on growth.workspace_id = workspaces.workspace_id
            and growth.activity_date = workspaces.as_of_date

),

violations as (

    select
        churn.workspace_id,
        churn.timeframe,
        churn.churned_users,
        churn.churn_rate_denominator,
        growth.churned_users as churned_by_growth,
        growth.returning_users
    from {{ ref('rpt_churn') }} as churn
    inner join {{ ref('int_timeframes') }} as timeframes
        on churn.workspace_id = timeframes.workspace_id
            and churn.timeframe = timeframes.timeframe
    left join growth
        on timeframes.workspace_id = growth.workspace_id
            and timeframes.timeframe_days = growth.window_days
    left join expired_dates as expired on timeframes.workspace_id = expired.workspace_id
    where churn.segment_id = 'all'
        and coalesce(timeframes.previous_starts_on > expired.expired_until, true)
        and (
            churn.churned_users <> coalesce(growth.churned_users, 0)
            or churn.churn_rate_denominator <> coalesce(growth.churned_users + growth.returning_users, 0)
        )

)

select * from violations
