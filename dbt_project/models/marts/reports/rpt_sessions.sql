with

periods as (

    select * from {{ ref('int_report_periods') }}

),

ranked_sessions as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        sessions.duration_seconds,
        row_number() over (
            partition by periods.workspace_id, periods.segment_id, periods.timeframe
            order by sessions.duration_seconds
        ) as length_rank,
        count(*) over (partition by periods.workspace_id, periods.segment_id, periods.timeframe) as sessions
    from periods
    inner join {{ ref('fct_sessions') }} as sessions
        on periods.workspace_id = sessions.workspace_id
            and sessions.session_date between periods.starts_on and periods.ends_on
    where not sessions.is_bot

),

-- The ranks n/2 and n/2 + 1 of an even count are the middle two; an odd count has (n + 1)/2 alone between them. Not
-- the engines' own median, which is a float.
lengths as (

    select
        workspace_id,
        segment_id,
        timeframe,
        count(*) as sessions,
        sum(duration_seconds) as seconds,
        sum(case when 2 * length_rank between sessions and sessions + 2 then duration_seconds end) as middle_seconds,
        count(case when 2 * length_rank between sessions and sessions + 2 then 1 end) as middle_sessions
    from ranked_sessions
    group by workspace_id, segment_id, timeframe

)

select
    periods.workspace_id,
    periods.segment_id,
    periods.timeframe,
    coalesce(lengths.sessions, 0) as sessions,
    cast({{ ratio('lengths.seconds', 'lengths.sessions') }} as decimal(18, 2)) as avg_seconds,
    cast({{ ratio('lengths.middle_seconds', 'lengths.middle_sessions') }} as decimal(18, 2)) as median_seconds
from periods
left join lengths
    on periods.workspace_id = lengths.workspace_id
        and periods.segment_id = lengths.segment_id
        and periods.timeframe = lengths.timeframe
