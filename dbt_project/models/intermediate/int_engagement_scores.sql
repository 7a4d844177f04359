-- The score as of as_of_date and as of one timeframe before it, each over its own last 30 days.
with

timeframes as (

    {{ timeframes() }}

),

snapshots as (

    select
        workspace_id,
        as_of_date as snapshot_date
    from {{ ref('int_as_of_dates') }}

    union

    select
        as_of_dates.workspace_id,
        {{ add_days('as_of_dates.as_of_date', '-timeframes.timeframe_days') }} as snapshot_date
    from {{ ref('int_as_of_dates') }} as as_of_dates
    cross join timeframes

),

active_users as (

    select
        snapshots.workspace_id,
        snapshots.snapshot_date,
        user_days.user_key,
        count(*) as active_days,
        sum(user_days.events) as events,
        sum(user_days.sessions) as sessions
    from snapshots
    inner join {{ ref('int_user_days') }} as user_days
        on snapshots.workspace_id = user_days.workspace_id
            and user_days.activity_date
            between {{ add_days('snapshots.snapshot_date', -29) }} and snapshots.snapshot_date
    where not user_days.is_bot
    group by snapshots.workspace_id, snapshots.snapshot_date, user_days.user_key

),

session_lengths as (

    select
        snapshots.workspace_id,
        snapshots.snapshot_date,
        sessions.user_key,
        sum(sessions.duration_seconds) as seconds
    from snapshots
    inner join {{ ref('int_sessions') }} as sessions
        on snapshots.workspace_id = sessions.workspace_id
            and sessions.session_date between {{ add_days('snapshots.snapshot_date', -29) }} and snapshots.snapshot_date
    where not sessions.is_bot
    group by snapshots.workspace_id, snapshots.snapshot_date, sessions.user_key

),

features_used as (

    select
        snapshots.workspace_id,
        snapshots.snapshot_date,
        feature_days.user_key,
        count(distinct feature_days.feature_name) as distinct_features
    from snapshots
    inner join {{ ref('int_feature_days') }} as feature_days
        on snapshots.workspace_id = feature_days.workspace_id
            and feature_days.activity_date
            between {{ add_days('snapshots.snapshot_date', -29) }} and snapshots.snapshot_date
    group by snapshots.workspace_id, snapshots.snapshot_date, feature_days.user_key

),

measures as (

    select
        active_users.workspace_id,
        active_users.user_key,
        active_users.snapshot_date,
        active_users.active_days,
        active_users.events,
        active_users.sessions,
        coalesce(session_lengths.seconds, 0) as seconds,
        coalesce(features_used.distinct_features, 0) as distinct_features
    from active_users
    left join session_lengths
        on active_users.workspace_id = session_lengths.workspace_id
            and active_users.snapshot_date = session_lengths.snapshot_date
            and active_users.user_key = session_lengths.user_key
    left join features_used
        on active_users.workspace_id = features_used.workspace_id
            and active_users.snapshot_date = features_used.snapshot_date
            and active_users.user_key = features_used.user_key

)

-- 100 * (0.4 * active_days / 20 + 0.2 * events / sessions / 20 + 0.2 * distinct_features / 5 + 0.2 * seconds / sessions
-- / 600), each fraction at most 1: multiplied out into one quotient, for two of them, each rounded, can add up to the
-- wrong side of half a hundredth.
select
    workspace_id,
    user_key,
    snapshot_date,
    cast(distinct_features as bigint) as distinct_features,
    cast(
        2 * least(active_days, 20)
        + 4 * least(distinct_features, 5)
        + coalesce(
            {{ ratio('30 * least(events, 20 * sessions) + least(seconds, 600 * sessions)', '30 * sessions', 14) }},
            0
        )
        as decimal(18, 14)
    ) as engagement_score
from measures
