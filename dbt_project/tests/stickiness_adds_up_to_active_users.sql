{{ config(meta={'dagster': {'ref': {'name': 'rpt_stickiness'}}}) }}

-- Every number of days is there; their users are those of the days looked back over and, weighed by them, the user
-- days.
with

reports as (

    select
        workspace_id,
        count(*) as day_counts,
        sum(users) as users,
        max(active_users) as active_users,
        sum(users * active_days) as user_days
    from {{ ref('rpt_stickiness') }}
    where segment_id = 'all'
    group by workspace_id

),

facts as (

    select
        as_of_dates.workspace_id,
        count(user_days.user_key) as user_days,
        count(distinct user_days.user_key) as users
    from {{ ref('int_as_of_dates') }} as as_of_dates
    left join {{ ref('fct_user_days') }} as user_days
        on as_of_dates.workspace_id = user_days.workspace_id
            and user_days.activity_date
            between {{ add_days('as_of_dates.as_of_date', 1 - var('stickiness_days')) }} and as_of_dates.as_of_date
    group by as_of_dates.workspace_id

),

violations as (

    select
        reports.*,
        facts.users as expected_users,
        facts.user_days as expected_user_days
    from reports
    inner join facts on reports.workspace_id = facts.workspace_id
    where reports.day_counts <> {{ var('stickiness_days') | int }}
        or reports.users <> facts.users
        or reports.active_users <> facts.users
        or reports.user_days <> facts.user_days

)

select * from violations
