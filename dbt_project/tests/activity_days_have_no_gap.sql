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

first_sessions as (

    select
        workspace_id,
        min(session_date) as first_session_date
    from {{ ref('fct_sessions') }}
    group by workspace_id

),

violations as (

    select
        first_sessions.workspace_id,
        first_sessions.first_session_date,
        workspaces.as_of_date,
        shown_days.first_day,
        shown_days.last_day,
        shown_days.days
    from first_sessions
    inner join {{ ref('dim_workspaces') }} as workspaces on first_sessions.workspace_id = workspaces.workspace_id
    left join shown_days on first_sessions.workspace_id = shown_days.workspace_id
    where shown_days.days is null
        or shown_days.first_day <> first_sessions.first_session_date
        or shown_days.last_day < workspaces.as_of_date
        or shown_days.days <> {{ days_between('shown_days.first_day', 'shown_days.last_day') }} + 1

)

select * from violations
