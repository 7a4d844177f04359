{{ config(materialized='view') }}

-- A view: int_session_steps already holds the rows.
select
    steps.workspace_id,
    steps.user_key,
    steps.session_id,
    paths.session_date,
    steps.step,
    steps.page,
    steps.first_viewed_at as viewed_at
from {{ ref('int_session_steps') }} as steps
inner join {{ ref('int_session_paths') }} as paths on steps.session_id = paths.session_id
inner join {{ ref('int_as_of_dates') }} as as_of_dates
    on steps.workspace_id = as_of_dates.workspace_id
where {{ is_shown('paths.session_date', 'as_of_dates.as_of_date') }}
