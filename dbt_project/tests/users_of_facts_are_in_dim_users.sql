{{ config(meta={'dagster': {'ref': {'name': 'dim_users'}}}) }}

with

fact_users as (

    select
        workspace_id,
        user_key
    from {{ ref('fct_sessions') }}
    where not is_bot

    union

    select
        workspace_id,
        user_key
    from {{ ref('fct_user_days') }}

),

violations as (

    select
        fact_users.workspace_id,
        fact_users.user_key
    from fact_users
    left join {{ ref('dim_users') }} as users
        on fact_users.workspace_id = users.workspace_id
            and fact_users.user_key = users.user_key
    where users.user_key is null

)

select * from violations
