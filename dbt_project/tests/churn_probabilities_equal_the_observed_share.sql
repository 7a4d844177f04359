{{ config(meta={'dagster': {'ref': {'name': 'rpt_churn_risk'}}}) }}

-- The probability once more, from the published days: a user's days are numbered, and how many lie in the 14 before a
-- snapshot and in the 14 before them follows from the numbers at it and at those two and four weeks earlier.
with

weeks as (

    {{ whole_numbers(0, 29) }}

),

snapshots as (

    select
        workspaces.workspace_id,
        weeks.number as weeks_back,
        workspaces.first_activity_date,
        {{ add_days('workspaces.as_of_date', '-30 - 7 * weeks.number') }} as snapshot_date
    from {{ ref('dim_workspaces') }} as workspaces
    cross join weeks
    where workspaces.first_activity_date is not null

),

numbered_days as (

    select
        workspace_id,
        user_key,
        activity_date,
        row_number() over days_of_user as day_number,
        lead(activity_date) over days_of_user as next_active_date
    from {{ ref('fct_user_days') }}
    window days_of_user as (partition by workspace_id, user_key order by activity_date)

),

seen as (

    select
        snapshots.workspace_id,
        snapshots.weeks_back,
        snapshots.snapshot_date,
        snapshots.first_activity_date,
        days.user_key,
        days.day_number,
        {{ days_between('days.activity_date', 'snapshots.snapshot_date') }} as days_since_last_active,
        case
            when days.next_active_date <= {{ add_days('snapshots.snapshot_date', 30) }} then 0
            else 1
        end as is_churned,
        lead(days.day_number, 2) over weeks_of_user as day_number_14_days_before,
        lead(days.day_number, 4) over weeks_of_user as day_number_28_days_before
    from snapshots
    inner join numbered_days as days
        on snapshots.workspace_id = days.workspace_id
            and snapshots.snapshot_date >= days.activity_date
            and (days.next_active_date is null or snapshots.snapshot_date < days.next_active_date)
    window weeks_of_user as (partition by days.workspace_id, days.user_key order by snapshots.weeks_back)

),

sampled as (

    select
        workspace_id,
        is_churned,
        days_since_last_active,
        2 * (day_number - coalesce(day_number_14_days_before, 0))
        < coalesce(day_number_14_days_before, 0) - coalesce(day_number_28_days_before, 0) as is_falling
    from seen
    where weeks_back <= 25
        and snapshot_date >= {{ add_days('first_activity_date', 27) }}
        and days_since_last_active < 30

),

observed as (

    select
        workspace_id,
        case
            when days_since_last_active < 7 and not is_falling then 'Engaged'
            when days_since_last_active < 14 then 'Cooling'
            when days_since_last_active < 21 then 'At risk'
            else 'Slipping away'
        end as risk_state,
        count(*) as sample_size,
        sum(is_churned) as churned_users
    from sampled
    group by 1, 2

),

violations as (

    select
        published.workspace_id,
        published.segment_id,
        published.risk_state,
        published.sample_size,
        published.churn_probability,
        observed.sample_size as observed_sample_size,
        observed.churned_users as observed_churned_users
    from {{ ref('rpt_churn_risk') }} as published
    left join observed
        on published.workspace_id = observed.workspace_id
            and published.risk_state = observed.risk_state
    where published.sample_size <> coalesce(observed.sample_size, 0)
        or (published.churn_probability is null) <> (observed.sample_size is null)
        or 200 * abs(100 * observed.churned_users - published.churn_probability * observed.sample_size)
        > observed.sample_size

)

select * from violations
