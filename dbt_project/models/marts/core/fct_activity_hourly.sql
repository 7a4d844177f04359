select
    user_hours.workspace_id,
    user_hours.activity_date,
    user_hours.hour_of_day,
    count(*) as active_users,
    cast(sum(user_hours.sessions) as bigint) as sessions,
    cast(sum(user_hours.events) as bigint) as events
from {{ ref('int_user_hours') }} as user_hours
inner join {{ ref('int_as_of_dates') }} as as_of_dates
    on user_hours.workspace_id = as_of_dates.workspace_id
        and user_hours.activity_date <= as_of_dates.as_of_date
group by user_hours.workspace_id, user_hours.activity_date, user_hours.hour_of_day
