-- Rolling counts need no join of days to users: a user's day and the one after it say from when to when the user
-- counts.
select
    workspace_id,
    user_key,
    activity_date,
    lag(activity_date) over days_of_user as previous_active_date,
    lead(activity_date) over days_of_user as next_active_date,
    first_value(activity_date) over days_of_user as first_active_date
from {{ ref('int_user_days') }}
where not is_bot
window days_of_user as (partition by workspace_id, user_key order by activity_date)
