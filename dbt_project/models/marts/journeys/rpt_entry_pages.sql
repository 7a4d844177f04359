with

entries_of_users as (

    select
        timeframes.workspace_id,
        timeframes.timeframe,
        sessions.entry_page as page,
        sessions.user_key,
        count(*) as sessions,
        count(case when sessions.is_bounce then 1 end) as bounced_sessions
    from {{ ref('int_timeframes') }} as timeframes
    inner join {{ ref('fct_sessions') }} as sessions
        on timeframes.workspace_id = sessions.workspace_id
            and sessions.session_date between timeframes.starts_on and timeframes.ends_on
    where not sessions.is_bot
        and sessions.entry_page is not null
    group by timeframes.workspace_id, timeframes.timeframe, sessions.entry_page, sessions.user_key

),

entries_of_segments as (

    {{ segment_totals('entries_of_users', keys=['timeframe', 'page'], sums=['sessions', 'bounced_sessions']) }}

)

-- A session with an entry page has a page_view, so every session is in the denominator.
select
    workspace_id,
    segment_id,
    timeframe,
    page,
    cast(sessions as bigint) as sessions,
    users,
    cast({{ ratio('100 * bounced_sessions', 'sessions') }} as decimal(5, 2)) as bounce_rate,
    cast(bounced_sessions as bigint) as bounce_rate_numerator,
    cast(sessions as bigint) as bounce_rate_denominator
from entries_of_segments
