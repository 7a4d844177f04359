with

entries as (

    select
        workspace_id,
        user_key,
        session_date,
        entry_page as page,
        case when is_bounce then 1 else 0 end as bounces
    from {{ ref('fct_sessions') }}
    where not is_bot
        and entry_page is not null

),

entries_of_segments as (

    {{ session_totals('entries', keys=['page'], sums=['bounces']) }}

)

-- A session with an entry page has a page_view, so every session is in the denominator.
select
    workspace_id,
    segment_id,
    timeframe,
    page,
    sessions,
    users,
    cast({{ ratio('100 * bounces', 'sessions') }} as decimal(5, 2)) as bounce_rate,
    cast(bounces as bigint) as bounce_rate_numerator,
    sessions as bounce_rate_denominator
from entries_of_segments
