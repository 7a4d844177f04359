with

shown_workspaces as (

    select
        workspace_id,
        as_of_date,
        first_event_date as starts_on,
        {% if var('as_of') %}as_of_date{% else %}greatest(as_of_date, last_event_date){% endif %} as ends_on
    from {{ ref('int_as_of_dates') }}
    where first_event_date is not null

),

days as (

    select
        shown_workspaces.workspace_id,
        shown_workspaces.as_of_date,
        calendar.calendar_date as activity_date
    from shown_workspaces
    inner join {{ ref('int_calendar') }} as calendar
        on calendar.calendar_date between shown_workspaces.starts_on and shown_workspaces.ends_on

),

totals as (

    select
        workspace_id,
        activity_date,
        count(case when not is_bot then 1 end) as users,
        sum(case when is_bot then 0 else events end) as events,
        sum(case when is_bot then 0 else sessions end) as sessions,
        sum(case when is_bot then events else 0 end) as bot_events
    from {{ ref('int_user_days') }}
    group by workspace_id, activity_date

    union all

    select
        workspace_id,
        activity_date,
        users,
        events,
        sessions,
        bot_events
    from {{ source('ops', 'expired_days') }}

),

daily_totals as (

    select
        workspace_id,
        activity_date,
        sum(users) as dau,
        sum(events) as events,
        sum(sessions) as sessions,
        sum(bot_events) as bot_events
    from totals
    group by workspace_id, activity_date

),

-- A user active on day d counts in the trailing T days from d until d + T, or until the next active day takes over.
window_edges as (

    select
        workspace_id,
        activity_date as edge_date,
        1 as wau_change,
        1 as mau_change
    from {{ ref('int_active_days') }}

    union all

    select
        workspace_id,
        least({{ add_days('activity_date', 7) }}, next_active_date) as edge_date,
        -1 as wau_change,
        0 as mau_change
    from {{ ref('int_active_days') }}

    union all

    select
        workspace_id,
        least({{ add_days('activity_date', 30) }}, next_active_date) as edge_date,
        0 as wau_change,
        -1 as mau_change
    from {{ ref('int_active_days') }}

    union all

    select
        workspace_id,
        edge_date,
        case when window_days = 7 then users_change else 0 end as wau_change,
        case when window_days = 30 then users_change else 0 end as mau_change
    from {{ source('ops', 'expired_windows') }}
    where class = 'active'

),

daily_changes as (

    select
        workspace_id,
        edge_date,
        sum(wau_change) as wau_change,
        sum(mau_change) as mau_change
    from window_edges
    group by workspace_id, edge_date

),

rolling as (

    select
        days.workspace_id,
        days.activity_date,
        days.as_of_date,
        sum(coalesce(daily_changes.wau_change, 0)) over so_far as wau,
        sum(coalesce(daily_changes.mau_change, 0)) over so_far as mau
    from days
    left join daily_changes
        on days.workspace_id = daily_changes.workspace_id
            and days.activity_date = daily_changes.edge_date
    window so_far as (
        partition by days.workspace_id
        order by days.activity_date
        rows between unbounded preceding and current row
    )

)

select
    rolling.workspace_id,
    rolling.activity_date,
    cast(coalesce(daily_totals.dau, 0) as bigint) as dau,
    cast(rolling.wau as bigint) as wau,
    cast(rolling.mau as bigint) as mau,
    cast(coalesce(daily_totals.events, 0) as bigint) as events,
    cast(coalesce(daily_totals.sessions, 0) as bigint) as sessions,
    cast(coalesce(daily_totals.bot_events, 0) as bigint) as bot_events,
    rolling.activity_date <= rolling.as_of_date as is_complete
from rolling
left join daily_totals
    on rolling.workspace_id = daily_totals.workspace_id
        and rolling.activity_date = daily_totals.activity_date
