{{ config(meta={'dagster': {'ref': {'name': 'rpt_page_flows'}}}) }}

-- Sessions by entry page, by exit page and at step 1 of the page flows are the sessions with a page of the segment and
-- timeframe.
with

sessions_of_sets as (

    select
        timeframes.workspace_id,
        users.segment_set,
        timeframes.timeframe,
        count(*) as sessions
    from {{ ref('int_timeframes') }} as timeframes
    inner join {{ ref('fct_sessions') }} as sessions
        on timeframes.workspace_id = sessions.workspace_id
            and sessions.session_date between timeframes.starts_on and timeframes.ends_on
    inner join {{ ref('int_user_segment_sets') }} as users on sessions.user_key = users.user_key
    where sessions.entry_page is not null
        and not sessions.is_bot
    group by timeframes.workspace_id, users.segment_set, timeframes.timeframe

),

sessions_with_page as (

    select
        sessions.workspace_id,
        segments.segment_id,
        sessions.timeframe,
        sum(sessions.sessions) as sessions
    from sessions_of_sets as sessions
    inner join {{ ref('int_segment_sets') }} as segments
        on sessions.workspace_id = segments.workspace_id
            and sessions.segment_set = segments.segment_set
    group by sessions.workspace_id, segments.segment_id, sessions.timeframe

),

tables as (

    select 'rpt_entry_pages' as compared_with
    union all
    select 'rpt_exit_pages' as compared_with
    union all
    select 'rpt_page_flows' as compared_with

),

expected as (

    select
        tables.compared_with,
        sessions_with_page.*
    from sessions_with_page
    cross join tables

),

journeys as (

    select
        'rpt_entry_pages' as compared_with,
        workspace_id,
        segment_id,
        timeframe,
        sum(sessions) as sessions
    from {{ ref('rpt_entry_pages') }}
    group by workspace_id, segment_id, timeframe

    union all

    select
        'rpt_exit_pages' as compared_with,
        workspace_id,
        segment_id,
        timeframe,
        sum(sessions) as sessions
    from {{ ref('rpt_exit_pages') }}
    group by workspace_id, segment_id, timeframe

    union all

    select
        'rpt_page_flows' as compared_with,
        workspace_id,
        segment_id,
        timeframe,
        sum(sessions) as sessions
    from {{ ref('rpt_page_flows') }}
    where step = 1
    group by workspace_id, segment_id, timeframe

),

violations as (

    select
        coalesce(expected.compared_with, journeys.compared_with) as compared_with,
        coalesce(expected.workspace_id, journeys.workspace_id) as workspace_id,
        coalesce(expected.segment_id, journeys.segment_id) as segment_id,
        coalesce(expected.timeframe, journeys.timeframe) as timeframe,
        expected.sessions as expected_sessions,
        journeys.sessions as journey_sessions
    from expected
    full outer join journeys
        on expected.compared_with = journeys.compared_with
            and expected.workspace_id = journeys.workspace_id
            and expected.segment_id = journeys.segment_id
            and expected.timeframe = journeys.timeframe
    where coalesce(expected.sessions, 0) <> coalesce(journeys.sessions, 0)

)

select * from violations
