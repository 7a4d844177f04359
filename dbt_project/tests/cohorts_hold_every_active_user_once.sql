{{ config(meta={'dagster': {'ref': {'name': 'fct_cohort_retention'}}}) }}

-- Cohorts of each grain part the users who were ever active, and every cohort has all its cells.
with

cohorts as (

    select
        workspace_id,
        grain,
        cohort_start,
        max(cohort_users) as cohort_users,
        count(*) as cells
    from {{ ref('fct_cohort_retention') }}
    group by workspace_id, grain, cohort_start

),

cohort_totals as (

    select
        workspace_id,
        grain,
        sum(cohort_users) as cohort_users,
        min(cells) as fewest_cells,
        max(cells) as most_cells
    from cohorts
    group by workspace_id, grain

),

users as (

    select
        workspace_id,
        1 as users
    from {{ ref('dim_users') }}
    where first_active_date is not null

    union all

    select
        workspace_id,
        retained_users as users
    from {{ source('ops', 'expired_cohorts') }}
    where grain = 'day'
        and period_number = 0

),

active_users as (

    select
        workspace_id,
        sum(users) as active_users
    from users
    group by workspace_id

),

grains as (

    select
        'day' as grain,
        91 as expected_cells
    union all
    select
        'week' as grain,
        53 as expected_cells
    union all
    select
        'month' as grain,
        25 as expected_cells

),

expected_cohorts as (

    select
        active_users.workspace_id,
        grains.grain,
        grains.expected_cells,
        active_users.active_users
    from active_users
    cross join grains

),

violations as (

    select
        coalesce(expected_cohorts.workspace_id, cohort_totals.workspace_id) as workspace_id,
        coalesce(expected_cohorts.grain, cohort_totals.grain) as grain,
        expected_cohorts.active_users,
        cohort_totals.cohort_users,
        expected_cohorts.expected_cells,
        cohort_totals.fewest_cells,
        cohort_totals.most_cells
    from expected_cohorts
    full outer join cohort_totals
        on expected_cohorts.workspace_id = cohort_totals.workspace_id
            and expected_cohorts.grain = cohort_totals.grain
    where expected_cohorts.active_users is null
        or cohort_totals.cohort_users is null
        or expected_cohorts.active_users <> cohort_totals.cohort_users
        or expected_cohorts.expected_cells <> cohort_totals.fewest_cells
        or expected_cohorts.expected_cells <> cohort_totals.most_cells

)

select * from violations
