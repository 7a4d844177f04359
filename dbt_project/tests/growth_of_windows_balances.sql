-- Contract section 3: active = new + returning + reactivated, and churned = active in the window before - returning.
with

windows as (

    select
        this_window.workspace_id,
        this_window.window_days,
        this_window.activity_date,
        this_window.active_users,
        this_window.new_users,
        this_window.returning_users,
        this_window.reactivated_users,
        this_window.churned_users,
        coalesce(window_before.active_users, 0) as active_users_before
    from {{ ref('fct_growth_rolling') }} as this_window
    left join {{ ref('fct_growth_rolling') }} as window_before
        on this_window.workspace_id = window_before.workspace_id
            and this_window.window_days = window_before.window_days
            and {{ add_days('this_window.activity_date', '-this_window.window_days') }} = window_before.activity_date

),

violations as (

    select *
    from windows
    where active_users <> new_users + returning_users + reactivated_users
        or churned_users <> active_users_before - returning_users
        or least(new_users, returning_users, reactivated_users, churned_users) < 0

)

select * from violations
