with

timeframes as (

    {{ timeframes() }}

),

reports as (

    select
        as_of_dates.workspace_id,
        as_of_dates.as_of_date,
        timeframes.timeframe,
        timeframes.timeframe_days,
        'all' as segment_id,
        {{ add_days('as_of_dates.as_of_date', '-timeframes.timeframe_days') }} as earlier_date
    from {{ ref('int_as_of_dates') }} as as_of_dates
    cross join timeframes
    where as_of_dates.first_event_date is not null
        and {{ is_shown('as_of_dates.first_event_date', 'as_of_dates.as_of_date') }}

),

session_totals as (

    select
        reports.workspace_id,
        reports.timeframe,
        count(*) as sessions,
        sum(sessions.duration_seconds) as seconds,
        count(sessions.is_bounce) as sessions_with_page_view,
        count(case when sessions.is_bounce then 1 end) as bounced_sessions
    from reports
    inner join {{ ref('fct_sessions') }} as sessions
        on reports.workspace_id = sessions.workspace_id
            and reports.earlier_date < sessions.session_date
            and reports.as_of_date >= sessions.session_date
    where not sessions.is_bot
    group by reports.workspace_id, reports.timeframe

),

engagement as (

    select
        workspace_id,
        snapshot_date,
        sum(engagement_score) as score_sum,
        count(*) as users
    from {{ ref('int_engagement_scores') }}
    group by workspace_id, snapshot_date

),

measures as (

    select
        reports.*,
        session_totals.seconds,
        coalesce(now_active.dau, 0) as dau,
        coalesce(now_active.wau, 0) as wau,
        coalesce(now_active.mau, 0) as mau,
        earlier_active.dau as earlier_dau,
        earlier_active.wau as earlier_wau,
        earlier_active.mau as earlier_mau,
        coalesce(growth.active_users, 0) as active_users,
        coalesce(growth.new_users, 0) as new_users,
        coalesce(growth.returning_users, 0) as returning_users,
        coalesce(growth.reactivated_users, 0) as reactivated_users,
        coalesce(growth.churned_users, 0) as churned_users,
        coalesce(session_totals.sessions, 0) as sessions,
        coalesce(session_totals.sessions_with_page_view, 0) as sessions_with_page_view,
        coalesce(session_totals.bounced_sessions, 0) as bounced_sessions,
        {{ ratio('engagement.score_sum', 'engagement.users', 14) }} as mean_score,
        {{ ratio('earlier_engagement.score_sum', 'earlier_engagement.users', 14) }} as earlier_mean_score
    from reports
    left join {{ ref('fct_activity_daily') }} as now_active
        on reports.workspace_id = now_active.workspace_id
            and reports.as_of_date = now_active.activity_date
    left join {{ ref('fct_activity_daily') }} as earlier_active
        on reports.workspace_id = earlier_active.workspace_id
            and reports.earlier_date = earlier_active.activity_date
    left join {{ ref('fct_growth_rolling') }} as growth
        on reports.workspace_id = growth.workspace_id
            and reports.as_of_date = growth.activity_date
            and reports.timeframe_days = growth.window_days
    left join session_totals
        on reports.workspace_id = session_totals.workspace_id
            and reports.timeframe = session_totals.timeframe
    left join engagement
        on reports.workspace_id = engagement.workspace_id
            and reports.as_of_date = engagement.snapshot_date
    left join engagement as earlier_engagement
        on reports.workspace_id = earlier_engagement.workspace_id
            and reports.earlier_date = earlier_engagement.snapshot_date

)

select
    workspace_id,
    segment_id,
    timeframe,
    as_of_date,
    dau,
    wau,
    mau,
    cast({{ ratio('100 * (dau - earlier_dau)', 'earlier_dau') }} as decimal(18, 2)) as dau_change,
    cast({{ ratio('100 * (wau - earlier_wau)', 'earlier_wau') }} as decimal(18, 2)) as wau_change,
    cast({{ ratio('100 * (mau - earlier_mau)', 'earlier_mau') }} as decimal(18, 2)) as mau_change,
    new_users,
    returning_users,
    reactivated_users,
    churned_users,
    cast({{ ratio('sessions', 'active_users') }} as decimal(18, 2)) as avg_sessions_per_user,
    cast({{ ratio('seconds', 'sessions') }} as decimal(18, 2)) as avg_session_seconds,
    cast({{ ratio('100 * bounced_sessions', 'sessions_with_page_view') }} as decimal(5, 2)) as bounce_rate,
    bounced_sessions as bounce_rate_numerator,
    sessions_with_page_view as bounce_rate_denominator,
    -- A mean of quotients that lies on half a hundredth may come out a trifle below it: rounding to fewer places first
    -- puts it back.
    cast(round(round(mean_score, 8), 2) as decimal(5, 2)) as engagement_score,
    cast(
        round({{ ratio('100 * (mean_score - earlier_mean_score)', 'earlier_mean_score', 7) }}, 2) as decimal(18, 2)
    ) as engagement_change
from measures
