{{ config(meta={'dagster': {'ref': {'name': 'fct_growth_periods'}}}) }}

-- Every grain from the period of the workspace's first active day to the one that holds as_of_date.
with

grains as (

    select 'day' as grain
    union all
    select 'week' as grain
    union all
    select 'month' as grain

),

expected_periods as (

    select
        workspaces.workspace_id,
        grains.grain,
        {{ period_index_of_grain('grains.grain', 'workspaces.first_activity_date') }} as first_index,
        {{ period_index_of_grain('grains.grain', 'workspaces.as_of_date') }} as last_index
    from {{ ref('dim_workspaces') }} as workspaces
    cross join grains
    where workspaces.first_activity_date is not null

),

shown_periods as (

    select
        workspace_id,
        grain,
        min({{ period_index_of_grain('grain', 'period_start') }}) as first_index,
        max({{ period_index_of_grain('grain', 'period_start') }}) as last_index,
        count(*) as periods
    from {{ ref('fct_growth_periods') }}
    group by workspace_id, grain

),

violations as (

    select
        coalesce(expected_periods.workspace_id, shown_periods.workspace_id) as workspace_id,
        coalesce(expected_periods.grain, shown_periods.grain) as grain,
        expected_periods.first_index as expected_first_index,
        expected_periods.last_index as expected_last_index,
        shown_periods.first_index,
        shown_periods.last_index,
        shown_periods.periods
    from expected_periods
    full outer join shown_periods
        on expected_periods.workspace_id = shown_periods.workspace_id
            and expected_periods.grain = shown_periods.grain
    where expected_periods.workspace_id is null
        or shown_periods.workspace_id is null
        or shown_periods.first_index <> expected_periods.first_index
        or shown_periods.last_index <> expected_periods.last_index
        or shown_periods.periods <> shown_periods.last_index - shown_periods.first_index + 1

)

select * from violations
