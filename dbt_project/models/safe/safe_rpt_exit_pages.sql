with

cells as (

    {{ cells_of_reports('rpt_exit_pages', 'users', ['page']) }}

),

judged_cells as (

    {{ hidden_rows_of_segments('cells', ['timeframe'], ['page'], are_disjoint=false) }}

)

select
    workspace_id,
    segment_id,
    timeframe,
    page,
    sessions,
    users,
    avg_seconds_before_exit
from judged_cells
where not is_hidden
    and group_users > 0
