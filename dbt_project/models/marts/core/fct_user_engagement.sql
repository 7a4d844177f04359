with

-- As rpt_activity has the mean of a group, whose score is that of its only member here.
scores as (

    select
        workspace_id,
        user_key,
        snapshot_date,
        {{ ratio('engagement_score', 1, 14) }} as score
    from {{ ref('int_engagement_scores') }}

)

select
    timeframes.workspace_id,
    users.user_key,
    timeframes.timeframe,
    cast(round(round(scores.score, 8), 2) as decimal(5, 2)) as engagement_score,
    cast(round(round(earlier_scores.score, 8), 2) as decimal(5, 2)) as earlier_engagement_score,
    cast(
        round({{ ratio('100 * (scores.score - earlier_scores.score)', 'earlier_scores.score', 7) }}, 2)
        as decimal(18, 2)
    ) as engagement_change
from {{ ref('int_timeframes') }} as timeframes
inner join {{ ref('int_users') }} as users
    on timeframes.workspace_id = users.workspace_id
        and timeframes.ends_on >= users.known_from
left join scores
    on users.user_key = scores.user_key
        and timeframes.ends_on = scores.snapshot_date
left join scores as earlier_scores
    on users.user_key = earlier_scores.user_key
        and {{ add_days('timeframes.starts_on', -1) }} = earlier_scores.snapshot_date
