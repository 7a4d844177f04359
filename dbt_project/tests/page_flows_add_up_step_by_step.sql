-- Every session that comes to a page at one step leaves it at the next, to a page or to the exit.
with

arrivals as (

    select
        workspace_id,
        segment_id,
        timeframe,
        step + 1 as step,
        to_page as page,
        sum(sessions) as sessions
    from {{ ref('rpt_page_flows') }}
    where step < 4
        and to_page <> '(exit)'
    group by workspace_id, segment_id, timeframe, step + 1, to_page

),

departures as (

    select
        workspace_id,
        segment_id,
        timeframe,
        step,
        from_page as page,
        sum(sessions) as sessions
    from {{ ref('rpt_page_flows') }}
    where step > 1
        -- A page of this very name cannot be told from the exit.
        and from_page <> '(exit)'
    group by workspace_id, segment_id, timeframe, step, from_page

),

violations as (

    select
        coalesce(arrivals.workspace_id, departures.workspace_id) as workspace_id,
        coalesce(arrivals.segment_id, departures.segment_id) as segment_id,
        coalesce(arrivals.timeframe, departures.timeframe) as timeframe,
        coalesce(arrivals.step, departures.step) as step,
        coalesce(arrivals.page, departures.page) as page,
        arrivals.sessions as arrived_sessions,
        departures.sessions as departed_sessions
    from arrivals
    full outer join departures
        on arrivals.workspace_id = departures.workspace_id
            and arrivals.segment_id = departures.segment_id
            and arrivals.timeframe = departures.timeframe
            and arrivals.step = departures.step
            and arrivals.page = departures.page
    where coalesce(arrivals.sessions, 0) <> coalesce(departures.sessions, 0)

)

select * from violations
