{{ config(meta={'dagster': {'ref': {'name': 'dim_segments'}}}) }}

-- dim_segments counts the bridge; everybody active in the last 30 days is in one of Power users, Regular and Casual,
-- that of their score.
with

members as (

    select
        bridge.segment_id,
        count(*) as users
    from {{ ref('bridge_user_segments') }} as bridge
    group by bridge.segment_id

),

miscounted as (

    select
        segments.workspace_id,
        segments.segment_name as misplaced
    from {{ ref('dim_segments') }} as segments
    left join members on segments.segment_id = members.segment_id
    where segments.users <> coalesce(members.users, 0)

),

score_segments as (

    select
        users.workspace_id,
        users.user_key,
        users.days_since_last_active,
        users.engagement_score,
        count(segments.segment_id) as segments,
        min(segments.segment_name) as segment_name
    from {{ ref('dim_users') }} as users
    left join {{ ref('bridge_user_segments') }} as bridge on users.user_key = bridge.user_key
    left join {{ ref('dim_segments') }} as segments
        on bridge.segment_id = segments.segment_id
            and segments.segment_name in ('Power users', 'Regular', 'Casual')
    group by users.workspace_id, users.user_key, users.days_since_last_active, users.engagement_score

),

misplaced as (

    select
        workspace_id,
        user_key as misplaced
    from score_segments
    where segments <> case when days_since_last_active <= 29 then 1 else 0 end
        or (segment_name = 'Power users' and engagement_score < 75)
        or (segment_name = 'Regular' and engagement_score not between 40 and 75)
        or (segment_name = 'Casual' and engagement_score > 40)

),

violations as (

    select * from miscounted
    union all
    select * from misplaced

)

select * from violations
