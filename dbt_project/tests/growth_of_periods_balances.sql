-- Contract section 3: active = new + returning + reactivated, and churned = active in the period before - returning.
with

periods as (

    select
        workspace_id,
        grain,
        period_start,
        active_users,
        new_users,
        returning_users,
        reactivated_users,
        churned_users,
        coalesce(lag(active_users) over periods_of_grain, 0) as active_users_before
    from {{ ref('fct_growth_periods') }}
    window periods_of_grain as (partition by workspace_id, grain order by period_start)

),

violations as (

    select *
    from periods
    where active_users <> new_users + returning_users + reactivated_users
        or churned_users <> active_users_before - returning_users

)

select * from violations
