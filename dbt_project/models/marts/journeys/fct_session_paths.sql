{{ config(materialized='view') }}

-- A view: int_session_paths already holds the rows.
select
    paths.workspace_id,
    paths.user_key,
    paths.session_id,
    paths.session_date,
    paths.steps,
    paths.page_1,
    paths.page_2,
    paths.page_3,
    paths.page_4,
    paths.page_5,
    paths.exit_page,
    paths.seconds_before_exit
from {{ ref('int_session_paths') }} as paths
inner join {{ ref('int_as_of_dates') }} as as_of_dates
    on paths.workspace_id = as_of_dates.workspace_id
where {{ is_shown('paths.session_date', 'as_of_dates.as_of_date') }}
