{{ config(materialized='view') }}

-- A view: int_conversions already holds the rows.
select
    conversions.workspace_id,
    conversions.user_key,
    conversions.session_id,
    conversions.goal_name,
    conversions.session_date,
    conversions.page_1,
    conversions.page_2,
    conversions.page_3,
    conversions.page_4,
    conversions.page_5
from {{ ref('int_conversions') }} as conversions
inner join {{ ref('int_as_of_dates') }} as as_of_dates
    on conversions.workspace_id = as_of_dates.workspace_id
where {{ is_shown('conversions.session_date', 'as_of_dates.as_of_date') }}
