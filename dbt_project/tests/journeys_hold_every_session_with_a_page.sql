{{ config(meta={'dagster': {'ref': {'name': 'rpt_page_flows'}}}) }}

-- Sessions by entry page, by exit page and at step 1 of the page flows are the sessions of the timeframe with a page.
with

sessions_with_page as (

    select
        periods.workspace_id,
        periods.timeframe,
        count(*) as sessions
    from {{ ref('int_report_periods') }} as periods
    inner join {{ ref('fct_sessions') }} as sessions
        on periods.workspace_id = sessions.workspace_id
            and sessions.session_date between periods.starts_on and periods.ends_on
    where periods.segment_id = 'all'
        and sessions.entry_page is not null
        and not sessions.is_bot
    group by periods.workspace_id, periods.timeframe

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
        timeframe,
        sum(sessions) as sessions
    from {{ ref('rpt_entry_pages') }}
    where segment_id = 'all'
    group by workspace_id, timeframe

    union all

    select
        'rpt_exit_pages' as compared_with,
        workspace_id,
        timeframe,
        sum(sessions) as sessions
    from {{ ref('rpt_exit_pages') }}
    where segment_id = 'all'
    group by workspace_id, timeframe

    union all

    select
        'rpt_page_flows' as compared_with,
        workspace_id,
        timeframe,
        sum(sessions) as sessions
    from {{ ref('rpt_page_flows') }}
    where segment_id = 'all'
        and step = 1
    group by workspace_id, timeframe

),

violations as (

    select
        coalesce(expected.compared_with, journeys.compared_with) as compared_with,
        coalesce(expected.workspace_id, journeys.workspace_id) as workspace_id,
        coalesce(expected.timeframe, journeys.timeframe) as timeframe,
        expected.sessions as expected_sessions,
        journeys.sessions as journey_sessions
    from expected
    full outer join journeys
        on expected.compared_with = journeys.compared_with
            and expected.workspace_id = journeys.workspace_id
            and expected.timeframe = journeys.timeframe
    where coalesce(expected.sessions, 0) <> coalesce(journeys.sessions, 0)

)

select * from violations
