with

pages as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        sessions.entry_page as page,
        count(*) as sessions,
        count(distinct sessions.user_key) as users,
        count(case when sessions.is_bounce then 1 end) as bounced_sessions
    from {{ ref('int_report_periods') }} as periods
    inner join {{ ref('fct_sessions') }} as sessions
        on periods.workspace_id = sessions.workspace_id
            and sessions.session_date between periods.starts_on and periods.ends_on
    where not sessions.is_bot
        and sessions.entry_page is not null
    group by periods.workspace_id, periods.segment_id, periods.timeframe, sessions.entry_page

)

-- A session with an entry page has a page_view, so every session is in the denominator.
select
    workspace_id,
    segment_id,
    timeframe,
    page,
    sessions,
    users,
    cast({{ ratio('100 * bounced_sessions', 'sessions') }} as decimal(5, 2)) as bounce_rate,
    bounced_sessions as bounce_rate_numerator,
    sessions as bounce_rate_denominator
from pages
