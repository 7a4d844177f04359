-- Everyone of a cohort is active in its period 0; who is active in a period is active in it or later.
with

violations as (

    select
        workspace_id,
        grain,
        cohort_start,
        period_number,
        cohort_users,
        retained_users,
        retained_on_or_after_users
    from {{ ref('fct_cohort_retention') }}
    where retained_users > retained_on_or_after_users
        or retained_on_or_after_users > cohort_users
        or (period_number = 0 and retained_users <> cohort_users)

)

select * from violations
