with

pages as (

    select
        periods.workspace_id,
        periods.segment_id,
        periods.timeframe,
        paths.exit_page as page,
        count(*) as sessions,
        count(distinct paths.user_key) as users,
        sum(paths.seconds_before_exit) as seconds_before_exit
    from {{ ref('int_report_periods') }} as periods
    inner join {{ ref('int_session_paths') }} as paths
        on periods.workspace_id = paths.workspace_id
            and paths.session_date between periods.starts_on and periods.ends_on
    group by periods.workspace_id, periods.segment_id, periods.timeframe, paths.exit_page

)

select
    workspace_id,
    segment_id,
    timeframe,
    page,
    sessions,
    users,
    cast({{ ratio('seconds_before_exit', 'sessions') }} as decimal(18, 2)) as avg_seconds_before_exit
from pages
