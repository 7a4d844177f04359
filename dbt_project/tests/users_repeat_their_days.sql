{{ config(meta={'dagster': {'ref': {'name': 'dim_users'}}}) }}
-- Dates, revenue and the last 30 days of a user are those of the user's days up to as_of_date.
with

days_of_users as (

    select
        days.workspace_id,
        days.user_key,
        min(days.activity_date) as first_active_date,
        max(days.activity_date) as last_active_date,
        sum(days.revenue) as revenue_total,
        count(case when days.activity_date > {{ add_days('workspaces.as_of_date', -30) }} then 1 end) as active_days_30
    from {{ ref('fct_user_days') }} as days
    inner join {{ ref('dim_workspaces') }} as workspaces
        on days.workspace_id = workspaces.workspace_id
            and days.activity_date <= workspaces.as_of_date
    group by days.workspace_id, days.user_key

),

violations as (

    select
        users.workspace_id,
        users.user_key,
        users.first_active_date,
        users.last_active_date,
        users.revenue_total,
        users.active_days_30
    from {{ ref('dim_users') }} as users
    left join days_of_users
        on users.workspace_id = days_of_users.workspace_id
            and users.user_key = days_of_users.user_key
    where users.first_active_date is distinct from days_of_users.first_active_date
        or users.last_active_date is distinct from days_of_users.last_active_date
        or users.revenue_total <> coalesce(days_of_users.revenue_total, 0)
        or users.active_days_30 <> coalesce(days_of_users.active_days_30, 0)

)

select * from violations
