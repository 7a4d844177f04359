with

totals as (

    select
        workspace_id,
        activity_date,
        hour_of_day,
        count(*) as users,
        sum(sessions) as sessions,
        sum(events) as events
    from {{ ref('int_user_hours') }}
    group by workspace_id, activity_date, hour_of_day

    union all

    select
        workspace_id,
        activity_date,
        hour_of_day,
        users,
        sessions,
        events
    from {{ source('ops', 'expired_hours') }}

)

select
    totals.workspace_id,
    totals.activity_date,
    totals.hour_of_day,
    cast(sum(totals.users) as bigint) as active_users,
    cast(sum(totals.sessions) as bigint) as sessions,
    cast(sum(totals.events) as bigint) as events
from totals
inner join {{ ref('int_as_of_dates') }} as as_of_dates
    on totals.workspace_id = as_of_dates.workspace_id
        and totals.activity_date <= as_of_dates.as_of_date
group by totals.workspace_id, totals.activity_date, totals.hour_of_day
