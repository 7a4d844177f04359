with

days as (

    select
        workspace_id,
        activity_date,
        case when not is_bot then activity_date end as active_date
    from {{ ref('int_user_days') }}

    union all

    select
        workspace_id,
        activity_date,
        case when users > 0 then activity_date end as active_date
    from {{ source('ops', 'expired_days') }}

),

workspace_days as (

    select
        workspace_id,
        min(activity_date) as first_event_date,
        max(activity_date) as last_event_date,
        min(active_date) as first_active_date
    from days
    group by workspace_id

),

-- One moment for the whole warehouse, so that a silent workspace ages with the others.
newest_events as (

    select max(ended_at) as newest_event_at
    from {{ ref('int_sessions') }}
    where not is_bot

),

workspaces as (

    select workspace_id from {{ ref('stg_workspaces') }}
    union
    select workspace_id from {{ ref('stg_users') }}
    union
    select workspace_id from workspace_days

),

zoned_workspaces as (

    select
        workspaces.workspace_id,
        newest_events.newest_event_at,
        {{ clock() }} as clock,
        coalesce(time_zones.timezone, 'UTC') as timezone
    from workspaces
    cross join newest_events
    left join {{ ref('stg_workspace_time_zones') }} as time_zones
        on workspaces.workspace_id = time_zones.workspace_id

),

local_dates as (

    select
        zoned_workspaces.workspace_id,
        zoned_workspaces.timezone,
        zoned_workspaces.newest_event_at,
        cast({{ to_local('zoned_workspaces.clock', 'clock_days') }} as date) as clock_date,
        cast({{ to_local('zoned_workspaces.newest_event_at', 'event_days') }} as date) as newest_event_date
    from zoned_workspaces
    left join {{ ref('stg_time_zone_days') }} as clock_days
        on zoned_workspaces.timezone = clock_days.timezone
            and cast(zoned_workspaces.clock as date) = clock_days.utc_date
    left join {{ ref('stg_time_zone_days') }} as event_days
        on zoned_workspaces.timezone = event_days.timezone
            and cast(zoned_workspaces.newest_event_at as date) = event_days.utc_date

),

as_of_dates as (

    select
        workspace_id,
        timezone,
        newest_event_at,
        least(
            {{ add_days('clock_date', -1) }},
            {% if var('as_of') -%}
            cast('{{ var("as_of") }}' as date)
            {%- else -%}
            coalesce(newest_event_date, {{ add_days('clock_date', -1) }})
            {%- endif %}
        ) as as_of_date
    from local_dates

)

select
    as_of_dates.workspace_id,
    as_of_dates.timezone,
    as_of_dates.as_of_date,
    workspace_days.first_event_date,
    workspace_days.last_event_date,
    workspace_days.first_active_date,
    as_of_dates.newest_event_at
from as_of_dates
left join workspace_days on as_of_dates.workspace_id = workspace_days.workspace_id
