with

exits as (

    select
        workspace_id,
        user_key,
        session_date,
        exit_page as page,
        seconds_before_exit
    from {{ ref('int_session_paths') }}

),

exits_of_segments as (

    {{ session_totals('exits', keys=['page'], sums=['seconds_before_exit']) }}

)

select
    workspace_id,
    segment_id,
    timeframe,
    page,
    sessions,
    users,
    cast({{ ratio('seconds_before_exit', 'sessions') }} as decimal(18, 2)) as avg_seconds_before_exit
from exits_of_segments
