with

paths as (

    select * from {{ ref('int_session_paths') }}

),

flows as (

    select
        workspace_id,
        user_key,
        session_date,
        1 as step,
        page_1 as from_page,
        coalesce(page_2, '(exit)') as to_page
    from paths

    union all

    select
        workspace_id,
        user_key,
        session_date,
        2 as step,
        page_2 as from_page,
        coalesce(page_3, '(exit)') as to_page
    from paths
    where page_2 is not null

    union all

    select
        workspace_id,
        user_key,
        session_date,
        3 as step,
        page_3 as from_page,
        coalesce(page_4, '(exit)') as to_page
    from paths
    where page_3 is not null

    union all

    select
        workspace_id,
        user_key,
        session_date,
        4 as step,
        page_4 as from_page,
        coalesce(page_5, '(exit)') as to_page
    from paths
    where page_4 is not null

),

flows_of_segments as (

    {{ session_totals('flows', keys=['step', 'from_page', 'to_page']) }}

)

select
    workspace_id,
    segment_id,
    timeframe,
    step,
    from_page,
    to_page,
    sessions,
    users
from flows_of_segments
