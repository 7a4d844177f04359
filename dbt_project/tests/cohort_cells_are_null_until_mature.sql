{{ config(meta={'dagster': {'ref': {'name': 'fct_cohort_retention'}}}) }}

with

cells as (

    select
        cohorts.*,
        workspaces.as_of_date,
        case cohorts.grain
            when 'day' then {{ add_days('cohorts.cohort_start', 'cohorts.period_number + 1') }}
            when 'week' then {{ add_days('cohorts.cohort_start', '7 * (cohorts.period_number + 1)') }}
            else {{ add_months('cohorts.cohort_start', 'cohorts.period_number + 1') }}
        end as next_period_start
    from {{ ref('fct_cohort_retention') }} as cohorts
    inner join {{ ref('dim_workspaces') }} as workspaces on cohorts.workspace_id = workspaces.workspace_id

),

violations as (

    select
        workspace_id,
        grain,
        cohort_start,
        period_number,
        as_of_date,
        next_period_start,
        is_mature,
        retained_users,
        retained_on_or_after_users,
        retention_rate
    from cells
    where is_mature <> (next_period_start <= {{ add_days('as_of_date', 1) }})
        or is_mature <> (retained_users is not null)
        or is_mature <> (retained_on_or_after_users is not null)
        or is_mature <> (retention_rate is not null)

)

select * from violations
