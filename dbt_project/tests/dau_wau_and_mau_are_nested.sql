with

violations as (

    select
        workspace_id,
        activity_date,
        dau,
        wau,
        mau
    from {{ ref('fct_activity_daily') }}
    where dau > wau
        or wau > mau

)

select * from violations
