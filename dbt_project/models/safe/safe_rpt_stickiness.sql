with

days as (

    select
        *,
        users as group_users,
        false as is_exposed,
        {{ of_the_rest('users', ['active_days']) }} as rest_users,
        {{ of_the_rest('active_users', ['active_days']) }} as rest_active_users
    from {{ ref('rpt_stickiness') }}

),

cells as (

    select days.*
    from days
    inner join {{ ref('int_safe_reports') }} as reports
        on days.workspace_id = reports.workspace_id
            and days.segment_id = reports.segment_id
            and reports.timeframe = '30d'
    where not {{ is_small('days.active_users') }}
        and not {{ is_small('days.rest_active_users') }}

),

judged_days as (

    {{ hidden_rows_of_segments('cells', [], ['active_days'], are_disjoint=true) }}

)

select
    workspace_id,
    segment_id,
    active_days,
    case when not is_hidden then users end as users,
    case when not is_hidden then share end as share,
    active_users
from judged_days
