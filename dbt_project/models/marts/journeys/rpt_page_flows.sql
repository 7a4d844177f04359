with

paths as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        paths.user_key,
        paths.page_1,
        paths.page_2,
        paths.page_3,
        paths.page_4,
        paths.page_5
    from {{ ref('int_report_periods') }} as periods
    inner join {{ ref('int_session_paths') }} as paths
        on periods.workspace_id = paths.workspace_id
            and paths.session_date between periods.starts_on and periods.ends_on

),

flows as (

    select
        workspace_id,
        segment_id,
        timeframe,
        user_key,
        1 as step,
        page_1 as from_page,
        coalesce(page_2, '(exit)') as to_page
    from paths

    union all

    select
        workspace_id,
        segment_id,
        timeframe,
        user_key,
        2 as step,
        page_2 as from_page,
        coalesce(page_3, '(exit)') as to_page
    from paths
    where page_2 is not null

    union all

    select
        workspace_id,
        segment_id,
        timeframe,
        user_key,
        3 as step,
        page_3 as from_page,
        coalesce(page_4, '(exit)') as to_page
    from paths
    where page_3 is not null

    union all

    select
        workspace_id,
        segment_id,
        timeframe,
        user_key,
        4 as step,
        page_4 as from_page,
        coalesce(page_5, '(exit)') as to_page
    from paths
    where page_4 is not null

)

select
    workspace_id,
    segment_id,
    timeframe,
    step,
    from_page,
    to_page,
    count(*) as sessions,
    count(distinct user_key) as users
from flows
group by workspace_id, segment_id, timeframe, step, from_page, to_page
