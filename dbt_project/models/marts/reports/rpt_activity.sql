with

timeframes as (

    select
        *,
        {{ add_days('starts_on', -1) }} as earlier_date
    from {{ ref('int_timeframes') }}

),

-- A user's first day ever, the last one before the timeframe and the last one up to as_of_date tell all: nobody has two
-- of a kind, so that sums over users count them.
days_of_users as (

    select
        timeframes.workspace_id,
        timeframes.timeframe,
        timeframes.previous_starts_on,
        timeframes.earlier_date,
        timeframes.ends_on,
        days.user_key,
        days.activity_date,
        days.previous_active_date is null and days.activity_date >= timeframes.starts_on as is_first_ever,
        days.activity_date < timeframes.starts_on
        and coalesce(days.next_active_date >= timeframes.starts_on, true) as is_last_before,
        coalesce(days.next_active_date > timeframes.ends_on, true) as is_last
    from timeframes
    inner join {{ ref('int_active_days') }} as days
        on timeframes.workspace_id = days.workspace_id
            and timeframes.ends_on >= days.activity_date

),

users as (

    select
        workspace_id,
        timeframe,
        user_key,
        case when is_last and activity_date = ends_on then 1 else 0 end as dau,
        case when is_last and activity_date > {{ add_days('ends_on', -7) }} then 1 else 0 end as wau,
        case when is_last and activity_date > {{ add_days('ends_on', -30) }} then 1 else 0 end as mau,
        case when is_last_before and activity_date = earlier_date then 1 else 0 end as earlier_dau,
        case when is_last_before and activity_date > {{ add_days('earlier_date', -7) }} then 1 else 0 end
            as earlier_wau,
        case when is_last_before and activity_date > {{ add_days('earlier_date', -30) }} then 1 else 0 end
            as earlier_mau,
        case when is_first_ever then 1 else 0 end as new_users,
        case when is_last_before and not is_last and activity_date >= previous_starts_on then 1 else 0 end
            as returning_users,
        case when is_last_before and not is_last and activity_date < previous_starts_on then 1 else 0 end
            as reactivated_users,
        case when is_last_before and is_last and activity_date >= previous_starts_on then 1 else 0 end as churned_users
    from days_of_users
    where is_first_ever
        or is_last_before
        or is_last

),

user_totals as (

    {{ segment_totals('users', keys=['timeframe'], sums=[
        'dau', 'wau', 'mau', 'earlier_dau', 'earlier_wau', 'earlier_mau',
        'new_users', 'returning_users', 'reactivated_users', 'churned_users',
    ]) }}

),

reported_days as (

    {{ reported_days() }}

),

sessions as (

    select
        sessions.workspace_id,
        sessions.user_key,
        sessions.session_date,
        sessions.duration_seconds as seconds,
        1 as sessions,
        case when sessions.is_bounce is not null then 1 else 0 end as sessions_with_page_view,
        case when sessions.is_bounce then 1 else 0 end as bounced_sessions
    from {{ ref('fct_sessions') }} as sessions
    inner join reported_days
        on sessions.workspace_id = reported_days.workspace_id
            and sessions.session_date between reported_days.starts_on and reported_days.ends_on
    where not sessions.is_bot

),

sessions_by_date as (

    {{ segment_totals('sessions', keys=['session_date'], sums=[
        'sessions', 'seconds', 'sessions_with_page_view', 'bounced_sessions',
    ]) }}

),

session_totals as (

    select
        timeframes.workspace_id,
        sessions_by_date.segment_id,
        timeframes.timeframe,
        sum(sessions_by_date.sessions) as sessions,
        sum(sessions_by_date.seconds) as seconds,
        sum(sessions_by_date.sessions_with_page_view) as sessions_with_page_view,
        sum(sessions_by_date.bounced_sessions) as bounced_sessions
    from timeframes
    inner join sessions_by_date
        on timeframes.workspace_id = sessions_by_date.workspace_id
            and sessions_by_date.session_date between timeframes.starts_on and timeframes.ends_on
    group by timeframes.workspace_id, sessions_by_date.segment_id, timeframes.timeframe

),

scores as (

    select
        workspace_id,
        user_key,
        snapshot_date,
        engagement_score as score_sum
    from {{ ref('int_engagement_scores') }}

),

engagement as (

    {{ segment_totals('scores', keys=['snapshot_date'], sums=['score_sum']) }}

),

measures as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        periods.ends_on as as_of_date,
        session_totals.seconds,
        user_totals.earlier_dau,
        user_totals.earlier_wau,
        user_totals.earlier_mau,
        coalesce(user_totals.dau, 0) as dau,
        coalesce(user_totals.wau, 0) as wau,
        coalesce(user_totals.mau, 0) as mau,
        coalesce(user_totals.new_users, 0) as new_users,
        coalesce(user_totals.returning_users, 0) as returning_users,
        coalesce(user_totals.reactivated_users, 0) as reactivated_users,
        coalesce(user_totals.churned_users, 0) as churned_users,
        user_totals.new_users + user_totals.returning_users + user_totals.reactivated_users as active_users,
        coalesce(session_totals.sessions, 0) as sessions,
        coalesce(session_totals.sessions_with_page_view, 0) as sessions_with_page_view,
        coalesce(session_totals.bounced_sessions, 0) as bounced_sessions,
        {{ ratio('engagement.score_sum', 'engagement.users', 14) }} as mean_score,
        {{ ratio('earlier_engagement.score_sum', 'earlier_engagement.users', 14) }} as earlier_mean_score
    from {{ ref('int_report_periods') }} as periods
    left join user_totals
        on periods.workspace_id = user_totals.workspace_id
            and periods.segment_id = user_totals.segment_id
            and periods.timeframe = user_totals.timeframe
    left join session_totals
        on periods.workspace_id = session_totals.workspace_id
            and periods.segment_id = session_totals.segment_id
            and periods.timeframe = session_totals.timeframe
    left join engagement
        on periods.workspace_id = engagement.workspace_id
            and periods.segment_id = engagement.segment_id
            and periods.ends_on = engagement.snapshot_date
    left join engagement as earlier_engagement
        on periods.workspace_id = earlier_engagement.workspace_id
            and periods.segment_id = earlier_engagement.segment_id
            and {{ add_days('periods.starts_on', -1) }} = earlier_engagement.snapshot_date

)

select
    workspace_id,
    segment_id,
    timeframe,
    as_of_date,
    cast(dau as bigint) as dau,
    cast(wau as bigint) as wau,
    cast(mau as bigint) as mau,
    cast({{ ratio('100 * (dau - earlier_dau)', 'earlier_dau') }} as decimal(18, 2)) as dau_change,
    cast({{ ratio('100 * (wau - earlier_wau)', 'earlier_wau') }} as decimal(18, 2)) as wau_change,
    cast({{ ratio('100 * (mau - earlier_mau)', 'earlier_mau') }} as decimal(18, 2)) as mau_change,
    cast(new_users as bigint) as new_users,
    cast(returning_users as bigint) as returning_users,
    cast(reactivated_users as bigint) as reactivated_users,
    cast(churned_users as bigint) as churned_users,
    cast({{ ratio('sessions', 'active_users') }} as decimal(18, 2)) as avg_sessions_per_user,
    cast({{ ratio('seconds', 'sessions') }} as decimal(18, 2)) as avg_session_seconds,
    cast({{ ratio('100 * bounced_sessions', 'sessions_with_page_view') }} as decimal(5, 2)) as bounce_rate,
    cast(bounced_sessions as bigint) as bounce_rate_numerator,
    cast(sessions_with_page_view as bigint) as bounce_rate_denominator,
    -- A mean of quotients that lies on half a hundredth may come out a trifle below it: rounding to fewer places first
    -- puts it back.
    cast(round(round(mean_score, 8), 2) as decimal(5, 2)) as engagement_score,
    cast(
        round({{ ratio('100 * (mean_score - earlier_mean_score)', 'earlier_mean_score', 7) }}, 2) as decimal(18, 2)
    ) as engagement_change
from measures
