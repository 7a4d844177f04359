{{ config(materialized='view') }}

-- A view: int_user_days already holds the rows.
select
    user_days.workspace_id,
    user_days.user_key,
    user_days.activity_date,
    user_days.events,
    user_days.sessions,
    user_days.page_views,
    user_days.feature_uses,
    user_days.revenue
from {{ ref('int_user_days') }} as user_days
inner join {{ ref('int_as_of_dates') }} as as_of_dates
    on user_days.workspace_id = as_of_dates.workspace_id
where not user_days.is_bot
    and {{ is_shown('user_days.activity_date', 'as_of_dates.as_of_date') }}
