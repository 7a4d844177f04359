{{ config(meta={'dagster': {'ref': {'name': 'rpt_adoption_funnel'}}}) }}

-- Five stages, the first of everybody known and the second of everybody active, each no larger than the one before.
with

stages as (

    select
        workspace_id,
        segment_id,
        timeframe,
        stage_order,
        users,
        lag(users) over stages_of_funnel as users_before,
        count(*) over (partition by workspace_id, segment_id, timeframe) as stage_count
    from {{ ref('rpt_adoption_funnel') }}
    window stages_of_funnel as (partition by workspace_id, segment_id, timeframe order by stage_order)

),

violations as (

    select
        stages.workspace_id,
        stages.segment_id,
        stages.timeframe,
        stages.stage_order,
        stages.users,
        stages.users_before,
        stages.stage_count,
        workspaces.users as known_users,
        activity.new_users + activity.returning_users + activity.reactivated_users as active_users
    from stages
    left join {{ ref('dim_workspaces') }} as workspaces
        on stages.workspace_id = workspaces.workspace_id
            and stages.segment_id = 'all'
    left join {{ ref('rpt_activity') }} as activity
        on stages.workspace_id = activity.workspace_id
            and stages.segment_id = activity.segment_id
            and stages.timeframe = activity.timeframe
    where stages.stage_count <> 5
        or stages.users > stages.users_before
        or (stages.stage_order = 1 and stages.users <> workspaces.users)
        or (
            stages.stage_order = 2
            and stages.users <> activity.new_users + activity.returning_users + activity.reactivated_users
        )

)

select * from violations
