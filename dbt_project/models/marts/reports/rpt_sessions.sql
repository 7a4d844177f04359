with

sessions as (

    select
        timeframes.workspace_id,
        segment_sets.segment_id,
        timeframes.timeframe,
        sessions.duration_seconds
    from {{ ref('int_timeframes') }} as timeframes
    inner join {{ ref('fct_sessions') }} as sessions
        on timeframes.workspace_id = sessions.workspace_id
            and sessions.session_date between timeframes.starts_on and timeframes.ends_on
    inner join {{ ref('int_user_segment_sets') }} as users on sessions.user_key = users.user_key
    inner join {{ ref('int_segment_sets') }} as segment_sets
        on users.workspace_id = segment_sets.workspace_id
            and users.segment_set = segment_sets.segment_set
    where not sessions.is_bot

),

-- The middle from below and the middle from above are the middle two; of an odd count both are the same session. Not
-- the engines' own median, which is a float.
lengths as (

    select
        workspace_id,
        segment_id,
        timeframe,
        count(*) as sessions,
        sum(duration_seconds) as seconds,
        percentile_disc(0.5) within group (order by duration_seconds) as lower_middle_seconds,
        percentile_disc(0.5) within group (order by duration_seconds desc) as upper_middle_seconds
    from sessions
    group by workspace_id, segment_id, timeframe

)

select
    periods.workspace_id,
    periods.segment_id,
    periods.timeframe,
    coalesce(lengths.sessions, 0) as sessions,
    cast({{ ratio('lengths.seconds', 'lengths.sessions') }} as decimal(18, 2)) as avg_seconds,
    cast({{ ratio('lengths.lower_middle_seconds + lengths.upper_middle_seconds', 2) }} as decimal(18, 2))
        as median_seconds
from {{ ref('int_report_periods') }} as periods
left join lengths
    on periods.workspace_id = lengths.workspace_id
        and periods.segment_id = lengths.segment_id
        and periods.timeframe = lengths.timeframe
