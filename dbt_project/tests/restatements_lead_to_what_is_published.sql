{{ config(meta={'dagster': {'ref': {'name': 'int_published_cells'}}}) }}

-- The log, first numbers and restatements in turn, ends with what the tables say of every complete day and mature cell.
with

numbered_cells as (

    select
        *,
        row_number() over (
            partition by workspace_id, measure, grain, period_start, period_number
            order by publication_id desc
        ) as recency_rank,
        lag(new_value) over (
            partition by workspace_id, measure, grain, period_start, period_number
            order by publication_id
        ) as value_before
    from {{ ref('int_published_cells') }}

),

last_cells as (

    select * from numbered_cells
    where recency_rank = 1
        and new_value is not null

),

broken_chains as (

    select
        workspace_id,
        measure,
        grain,
        period_start,
        period_number,
        value_before as logged_value,
        old_value as shown_value
    from numbered_cells
    where value_before is distinct from old_value

),

wrong_days as (

    select
        days.workspace_id,
        'dau' as measure,
        'day' as grain,
        days.activity_date as period_start,
        0 as period_number,
        dau_cells.new_value as logged_value,
        days.dau as shown_value
    from {{ ref('fct_activity_daily') }} as days
    left join last_cells as dau_cells
        on days.workspace_id = dau_cells.workspace_id
            and days.activity_date = dau_cells.period_start
            and dau_cells.measure = 'dau'
    left join last_cells as session_cells
        on days.workspace_id = session_cells.workspace_id
            and days.activity_date = session_cells.period_start
            and session_cells.measure = 'sessions'
    where days.is_complete
        and (days.dau is distinct from dau_cells.new_value or days.sessions is distinct from session_cells.new_value)

),

wrong_cells as (

    select
        cohorts.workspace_id,
        'retained_users' as measure,
        cohorts.grain,
        cohorts.cohort_start as period_start,
        cohorts.period_number,
        cells.new_value as logged_value,
        cohorts.retained_users as shown_value
    from {{ ref('fct_cohort_retention') }} as cohorts
    left join last_cells as cells
        on cohorts.workspace_id = cells.workspace_id
            and cohorts.grain = cells.grain
            and cohorts.cohort_start = cells.period_start
            and cohorts.period_number = cells.period_number
            and cells.measure = 'retained_users'
    where cohorts.is_mature
        and (
            cohorts.retained_users is distinct from cells.new_value
            or cohorts.cohort_users is distinct from cells.new_cohort_users
        )

),

violations as (

    select * from broken_chains
    union all
    select * from wrong_days
    union all
    select * from wrong_cells

)

select * from violations
