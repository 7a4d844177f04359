{{ config(meta={'dagster': {'ref': {'name': 'fct_user_engagement'}}}) }}

-- Known users have a row in every timeframe, with the score of dim_users where they were active in the last 30 days.
with

known_users as (

    select
        workspace_id,
        timeframe,
        count(*) as users
    from {{ ref('fct_user_engagement') }}
    group by workspace_id, timeframe

),

violations as (

    select
        engagement.workspace_id,
        engagement.timeframe,
        engagement.user_key,
        engagement.engagement_score as shown,
        users.engagement_score as expected
    from {{ ref('fct_user_engagement') }} as engagement
    left join {{ ref('dim_users') }} as users
        on engagement.workspace_id = users.workspace_id
            and engagement.user_key = users.user_key
    where users.user_key is null
        or engagement.engagement_score
        is distinct from case when users.active_days_30 > 0 then users.engagement_score end

    union all

    select
        known_users.workspace_id,
        known_users.timeframe,
        'everybody' as user_key,
        cast(known_users.users as decimal(18, 2)) as shown,
        cast(workspaces.users as decimal(18, 2)) as expected
    from known_users
    inner join {{ ref('dim_workspaces') }} as workspaces on known_users.workspace_id = workspaces.workspace_id
    where known_users.users <> workspaces.users

)

select * from violations
