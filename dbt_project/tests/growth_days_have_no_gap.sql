{{ config(meta={'dagster': {'ref': {'name': 'fct_growth_rolling'}}}) }}

-- Every window from the workspace's first active day to as_of_date.
with

windows as (

    {{ growth_windows() }}

),

expected_days as (

    select
        workspaces.workspace_id,
        windows.window_days,
        workspaces.first_activity_date,
        workspaces.as_of_date
    from {{ ref('dim_workspaces') }} as workspaces
    cross join windows
    where workspaces.first_activity_date is not null

),

shown_days as (

    select
        workspace_id,
        window_days,
        min(activity_date) as first_day,
        max(activity_date) as last_day,
        count(*) as days
    from {{ ref('fct_growth_rolling') }}
    group by workspace_id, window_days

),

violations as (

    select
        coalesce(expected_days.workspace_id, shown_days.workspace_id) as workspace_id,
        coalesce(expected_days.window_days, shown_days.window_days) as window_days,
        expected_days.first_activity_date,
        expected_days.as_of_date,
        shown_days.first_day,
        shown_days.last_day,
        shown_days.days
    from expected_days
    full outer join shown_days
        on expected_days.workspace_id = shown_days.workspace_id
            and expected_days.window_days = shown_days.window_days
    where expected_days.workspace_id is null
        or shown_days.workspace_id is null
        or shown_days.first_day <> expected_days.first_activity_date
        or shown_days.last_day <> expected_days.as_of_date
        or shown_days.days <> {{ days_between('shown_days.first_day', 'shown_days.last_day') }} + 1

)

select * from violations
