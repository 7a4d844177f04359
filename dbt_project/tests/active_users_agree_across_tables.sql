{{ config(meta={'dagster': {'ref': {'name': 'fct_activity_daily'}}}) }}

-- The same users are counted three ways: by fct_activity_daily, by the trailing windows of 1, 7 and 30 days, and by the
-- periods of one day. A workspace that only bots visited yet has days without growth: they hold nobody.
with

daily as (

    select
        workspace_id,
        activity_date,
        1 as window_days,
        dau as active_users
    from {{ ref('fct_activity_daily') }}
    where is_complete

    union all

    select
        workspace_id,
        activity_date,
        7 as window_days,
        wau as active_users
    from {{ ref('fct_activity_daily') }}
    where is_complete

    union all

    select
        workspace_id,
        activity_date,
        30 as window_days,
        mau as active_users
    from {{ ref('fct_activity_daily') }}
    where is_complete

),

growth as (

    select
        'fct_growth_rolling' as compared_with,
        workspace_id,
        activity_date,
        window_days,
        active_users
    from {{ ref('fct_growth_rolling') }}
    where window_days in (1, 7, 30)

    union all

    select
        'fct_growth_periods' as compared_with,
        workspace_id,
        period_start as activity_date,
        1 as window_days,
        active_users
    from {{ ref('fct_growth_periods') }}
    where grain = 'day'

),

expected as (

    select
        'fct_growth_rolling' as compared_with,
        daily.*
    from daily

    union all

    select
        'fct_growth_periods' as compared_with,
        daily.*
    from daily
    where window_days = 1

),

violations as (

    select
        coalesce(expected.compared_with, growth.compared_with) as compared_with,
        coalesce(expected.workspace_id, growth.workspace_id) as workspace_id,
        coalesce(expected.activity_date, growth.activity_date) as activity_date,
        coalesce(expected.window_days, growth.window_days) as window_days,
        expected.active_users as active_users_daily,
        growth.active_users as active_users_growth
    from expected
    full outer join growth
        on expected.compared_with = growth.compared_with
            and expected.workspace_id = growth.workspace_id
            and expected.activity_date = growth.activity_date
            and expected.window_days = growth.window_days
    where expected.active_users is null
        or expected.active_users <> coalesce(growth.active_users, 0)

)

select * from violations
