-- Everyone is retained on day 0, and the further the day, the fewer users are eligible for it.
with

points as (

    select
        workspace_id,
        segment_id,
        timeframe,
        day,
        eligible_users,
        retained_users,
        retention_rate,
        lag(eligible_users) over days_of_curve as eligible_users_before,
        lag(day) over days_of_curve as day_before
    from {{ ref('rpt_retention_curve') }}
    window days_of_curve as (partition by workspace_id, segment_id, timeframe order by day)

),

violations as (

    select *
    from points
    where day <> coalesce(day_before, -1) + 1
        or day > 90
        or (day = 0 and retention_rate <> 100)
        or retained_users > eligible_users
        or eligible_users > eligible_users_before

)

select * from violations
