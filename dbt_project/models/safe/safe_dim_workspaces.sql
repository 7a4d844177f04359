with

reports as (

    select
        workspace_id,
        max(known_users) as known_users
    from {{ ref('int_safe_reports') }}
    where segment_id = 'all'
    group by workspace_id

)

select
    workspaces.workspace_id,
    workspaces.workspace_name,
    workspaces.timezone,
    workspaces.as_of_date,
    case
        when reports.workspace_id is not null then reports.known_users
        when not {{ is_small('workspaces.users') }} then workspaces.users
    end as users
from {{ ref('dim_workspaces') }} as workspaces
left join reports on workspaces.workspace_id = reports.workspace_id
