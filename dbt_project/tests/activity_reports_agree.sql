{{ config(meta={'dagster': {'ref': {'name': 'rpt_activity_by_date'}}}) }}

-- A timeframe of a segment has the same sessions and events by date, by hour and by weekday; those of `all` are those
-- of fct_activity_daily. Every day, hour and weekday is there, and none has more users than were active in the
-- timeframe.
with

expired_dates as (

    {{ expired_dates() }}

),

parts as (

    select
        workspace_id,
        segment_id,
        timeframe,
        'date' as part,
        active_users,
        sessions,
        events
    from {{ ref('rpt_activity_by_date') }}

    union all

    select
        workspace_id,
        segment_id,
        timeframe,
        'hour' as part,
        active_users,
        sessions,
        events
    from {{ ref('rpt_activity_by_hour') }}

    union all

    select
        workspace_id,
        segment_id,
        timeframe,
        'weekday' as part,
        active_users,
        sessions,
        events
    from {{ ref('rpt_activity_by_weekday') }}

),

reports as (

    select
        workspace_id,
        segment_id,
        timeframe,
        part,
        count(*) as parts,
        max(active_users) as most_users,
        sum(active_users) as users_of_parts,
        sum(sessions) as sessions,
        sum(events) as events
    from parts
    group by workspace_id, segment_id, timeframe, part

),

expected_reports as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        periods.timeframe_days,
        case when periods.segment_id = 'all' then coalesce(sum(activity.sessions), 0) end as sessions,
        case when periods.segment_id = 'all' then coalesce(sum(activity.events), 0) end as events
    from {{ ref('int_report_periods') }} as periods
    left join {{ ref('fct_activity_daily') }} as activity
        on periods.workspace_id = activity.workspace_id
            and activity.activity_date between periods.starts_on and periods.ends_on
            and periods.segment_id = 'all'
    left join expired_dates as expired on periods.workspace_id = expired.workspace_id
    where coalesce(periods.starts_on > expired.expired_until, true)
    group by periods.workspace_id, periods.segment_id, periods.timeframe, periods.timeframe_days

),

expected_parts as (

    select
        expected_reports.*,
        listed.part,
        case listed.part
            when 'date' then expected_reports.timeframe_days
            when 'hour' then 24
            when 'weekday' then 7
        end as parts
    from expected_reports
    cross join (values ('date'), ('hour'), ('weekday')) as listed (part)

),

violations as (

    select
        expected_parts.workspace_id,
        expected_parts.segment_id,
        expected_parts.timeframe,
        expected_parts.part,
        expected_parts.parts as expected_parts,
        reports.parts,
        expected_parts.sessions as expected_sessions,
        reports.sessions,
        expected_parts.events as expected_events,
        reports.events,
        dates.sessions as date_sessions,
        dates.events as date_events,
        activity.new_users + activity.returning_users + activity.reactivated_users as active_users,
        reports.most_users,
        reports.users_of_parts
    from expected_parts
    left join reports
        on expected_parts.workspace_id = reports.workspace_id
            and expected_parts.segment_id = reports.segment_id
            and expected_parts.timeframe = reports.timeframe
            and expected_parts.part = reports.part
    left join reports as dates
        on expected_parts.workspace_id = dates.workspace_id
            and expected_parts.segment_id = dates.segment_id
            and expected_parts.timeframe = dates.timeframe
            and dates.part = 'date'
    left join {{ ref('rpt_activity') }} as activity
        on expected_parts.workspace_id = activity.workspace_id
            and expected_parts.segment_id = activity.segment_id
            and expected_parts.timeframe = activity.timeframe
    where reports.workspace_id is null
        or activity.workspace_id is null
        or expected_parts.parts <> reports.parts
        or expected_parts.sessions <> reports.sessions
        or expected_parts.events <> reports.events
        or dates.sessions <> reports.sessions
        or dates.events <> reports.events
        or activity.new_users + activity.returning_users + activity.reactivated_users
        not between reports.most_users and reports.users_of_parts

)

select * from violations
