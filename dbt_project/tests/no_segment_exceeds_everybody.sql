{{ config(meta={'dagster': {'ref': {'name': 'rpt_activity'}}}) }}

-- What a segment counts is in `all` too, and is not more there. `part` is the rest of a report's key.
with

counts_of_users as (

    select
        'rpt_activity' as report,
        activity.workspace_id,
        activity.segment_id,
        activity.timeframe,
        listed.part,
        case listed.part
            when 'dau' then activity.dau
            when 'wau' then activity.wau
            when 'mau' then activity.mau
            when 'new' then activity.new_users
            when 'returning' then activity.returning_users
            when 'reactivated' then activity.reactivated_users
            when 'churned' then activity.churned_users
        end as users,
        0 as sessions,
        0 as events
    from {{ ref('rpt_activity') }} as activity
    cross join (
        values ('dau'), ('wau'), ('mau'), ('new'), ('returning'), ('reactivated'), ('churned')
    ) as listed (part)

),

counts as (

    select * from counts_of_users

    union all

    select
        'rpt_activity_by_date' as report,
        workspace_id,
        segment_id,
        timeframe,
        cast(activity_date as text) as part,
        active_users as users,
        sessions,
        events
    from {{ ref('rpt_activity_by_date') }}

    union all

    select
        'rpt_activity_by_hour' as report,
        workspace_id,
        segment_id,
        timeframe,
        cast(hour_of_day as text) as part,
        active_users as users,
        sessions,
        events
    from {{ ref('rpt_activity_by_hour') }}

    union all

    select
        'rpt_activity_by_weekday' as report,
        workspace_id,
        segment_id,
        timeframe,
        cast(iso_weekday as text) as part,
        active_users as users,
        sessions,
        events
    from {{ ref('rpt_activity_by_weekday') }}

    union all

    select
        'rpt_session_breakdown' as report,
        workspace_id,
        segment_id,
        timeframe,
        dimension || ' ' || value as part,
        users,
        sessions,
        0 as events
    from {{ ref('rpt_session_breakdown') }}

    union all

    select
        'rpt_features' as report,
        workspace_id,
        segment_id,
        timeframe,
        feature_name as part,
        unique_users as users,
        0 as sessions,
        usage_count as events
    from {{ ref('rpt_features') }}

    union all

    select
        'rpt_adoption_funnel' as report,
        workspace_id,
        segment_id,
        timeframe,
        stage as part,
        users,
        0 as sessions,
        0 as events
    from {{ ref('rpt_adoption_funnel') }}

),

violations as (

    select
        counts.report,
        counts.workspace_id,
        counts.segment_id,
        counts.timeframe,
        counts.part,
        counts.users,
        everybody.users as users_of_everybody,
        counts.sessions,
        everybody.sessions as sessions_of_everybody,
        counts.events,
        everybody.events as events_of_everybody
    from counts
    left join counts as everybody
        on counts.report = everybody.report
            and counts.workspace_id = everybody.workspace_id
            and counts.timeframe = everybody.timeframe
            and counts.part = everybody.part
            and everybody.segment_id = 'all'
    where everybody.users is null
        or counts.users > everybody.users
        or counts.sessions > everybody.sessions
        or counts.events > everybody.events

)

select * from violations
