with

users_of_last_30_days as (

    select
        days.workspace_id,
        days.user_key,
        {{ days_between('max(days.activity_date)', 'as_of_dates.as_of_date') }} as days_since_last_active,
        count(case when days.activity_date > {{ add_days('as_of_dates.as_of_date', -14) }} then 1 end) as last_14,
        count(
            case
                when days.activity_date > {{ add_days('as_of_dates.as_of_date', -28) }}
                    and days.activity_date <= {{ add_days('as_of_dates.as_of_date', -14) }}
                    then 1
            end
        ) as before_14
    from {{ ref('int_active_days') }} as days
    inner join {{ ref('int_as_of_dates') }} as as_of_dates on days.workspace_id = as_of_dates.workspace_id
    where days.activity_date <= as_of_dates.as_of_date
        and days.activity_date > {{ add_days('as_of_dates.as_of_date', -30) }}
    group by days.workspace_id, days.user_key, as_of_dates.as_of_date

)

select
    workspace_id,
    user_key,
    {{ risk_state('days_since_last_active', 'last_14', 'before_14') }} as risk_state
from users_of_last_30_days
