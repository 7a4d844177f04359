{{ config(materialized='view') }}

-- A view: int_user_hours already holds the rows.
select
    user_hours.workspace_id,
    user_hours.user_key,
    user_hours.activity_date,
    user_hours.hour_of_day,
    user_hours.events,
    user_hours.sessions
from {{ ref('int_user_hours') }} as user_hours
inner join {{ ref('int_as_of_dates') }} as as_of_dates
    on user_hours.workspace_id = as_of_dates.workspace_id
where {{ is_shown('user_hours.activity_date', 'as_of_dates.as_of_date') }}
