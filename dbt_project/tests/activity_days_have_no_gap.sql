{{ config(meta={'dagster': {'ref': {'name': 'fct_activity_daily'}}}) }}

-- From the workspace's first event, bots' included, to as_of_date at least.
with

shown_days as (

    select
        workspace_id,
        min(activity_date) as first_day,
        max(activity_date) as last_day,
        count(*) as days
    from {{ ref('fct_activity_daily') }}
    group by workspace_id

),

days as (

    select
        workspace_id,
        session_date as activity_date
    from {{ ref('fct_sessions') }}

    union all

    select
        workspace_id,
        activity_date
    from {{ source('ops', 'expired_days') }}

),

first_days as (

    select
        workspace_id,
        min(activity_date) as first_day
    from days
    group by workspace_id

),

violations as (

    select
        first_days.workspace_id,
        first_days.first_day as first_event_day,
        workspaces.as_of_date,
        shown_days.first_day,
        shown_days.last_day,
        shown_days.days
    from first_days
    inner join {{ ref('dim_workspaces') }} as workspaces on first_days.workspace_id = workspaces.workspace_id
    left join shown_days on first_days.workspace_id = shown_days.workspace_id
    where shown_days.days is null
        or shown_days.first_day <> first_days.first_day
        or shown_days.last_day < workspaces.as_of_date
        or shown_days.days <> {{ days_between('shown_days.first_day', 'shown_days.last_day') }} + 1

)

select * from violations
