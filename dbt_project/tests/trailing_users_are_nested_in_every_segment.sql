{{ config(meta={'dagster': {'ref': {'name': 'rpt_activity'}}}) }}

-- Of everybody and of each segment; the trailing 7 and 30 days are the timeframes of 7 and 30 days.
with

violations as (

    select
        workspace_id,
        segment_id,
        timeframe,
        dau,
        wau,
        mau,
        new_users,
        returning_users,
        reactivated_users
    from {{ ref('rpt_activity') }}
    where dau > wau
        or wau > mau
        or (timeframe = '7d' and wau <> new_users + returning_users + reactivated_users)
        or (timeframe = '30d' and mau <> new_users + returning_users + reactivated_users)

)

select * from violations
