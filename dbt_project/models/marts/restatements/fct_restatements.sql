{{ config(materialized='view') }}

select
    publication_id,
    run_at,
    workspace_id,
    measure,
    grain,
    period_start,
    period_number,
    old_value,
    new_value,
    coalesce(new_value, 0) - coalesce(old_value, 0) as value_change,
    old_cohort_users,
    new_cohort_users
from {{ ref('int_published_cells') }}
where is_restatement
