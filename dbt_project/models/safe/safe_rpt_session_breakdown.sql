with

cells as (

    {{ cells_of_reports('rpt_session_breakdown', 'users', ['dimension', 'value']) }}

),

judged_cells as (

    {{ hidden_rows_of_segments('cells', ['timeframe', 'dimension'], ['value'], are_disjoint=false) }}

)

select
    workspace_id,
    segment_id,
    timeframe,
    dimension,
    value,
    users,
    sessions,
    share
from judged_cells
where not is_hidden
    and group_users > 0
