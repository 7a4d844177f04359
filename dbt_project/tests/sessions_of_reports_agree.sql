{{ config(meta={'dagster': {'ref': {'name': 'rpt_sessions'}}}) }}

-- rpt_sessions counts the sessions of rpt_activity_by_date, and its mean is that of rpt_activity.
with

sessions_by_date as (

    select
        workspace_id,
        segment_id,
        timeframe,
        sum(sessions) as sessions
    from {{ ref('rpt_activity_by_date') }}
    group by workspace_id, segment_id, timeframe

),

violations as (

    select
        coalesce(sessions_by_date.workspace_id, sessions.workspace_id) as workspace_id,
        coalesce(sessions_by_date.timeframe, sessions.timeframe) as timeframe,
        sessions_by_date.sessions as sessions_by_date,
        sessions.sessions,
        activity.avg_session_seconds,
        sessions.avg_seconds,
        sessions.median_seconds
    from sessions_by_date
    full outer join {{ ref('rpt_sessions') }} as sessions
        on sessions_by_date.workspace_id = sessions.workspace_id
            and sessions_by_date.segment_id = sessions.segment_id
            and sessions_by_date.timeframe = sessions.timeframe
    left join {{ ref('rpt_activity') }} as activity
        on sessions.workspace_id = activity.workspace_id
            and sessions.segment_id = activity.segment_id
            and sessions.timeframe = activity.timeframe
    where sessions.workspace_id is null
        or sessions_by_date.workspace_id is null
        or sessions_by_date.sessions <> sessions.sessions
        or coalesce(activity.avg_session_seconds, -1) <> coalesce(sessions.avg_seconds, -1)
        or (sessions.median_seconds is null) <> (sessions.sessions = 0)

)

select * from violations
