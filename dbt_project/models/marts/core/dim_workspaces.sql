with

ranked_workspaces as (

    select
        workspace_id,
        workspace_name,
        row_number() over (
            partition by workspace_id
            order by updated_at desc, {{ byte_order('content_hash') }} desc
        ) as recency_rank
    from {{ ref('stg_workspaces') }}

),

known_users as (

    select
        users.workspace_id,
        count(*) as users
    from {{ ref('int_users') }} as users
    inner join {{ ref('int_as_of_dates') }} as as_of_dates
        on users.workspace_id = as_of_dates.workspace_id
            and users.known_from <= as_of_dates.as_of_date
    group by users.workspace_id

)

select
    as_of_dates.workspace_id,
    coalesce(workspaces.workspace_name, as_of_dates.workspace_id) as workspace_name,
    as_of_dates.timezone,
    case
        when as_of_dates.first_active_date <= as_of_dates.as_of_date then as_of_dates.first_active_date
    end as first_activity_date,
    as_of_dates.as_of_date,
    coalesce(known_users.users, 0) as users
from {{ ref('int_as_of_dates') }} as as_of_dates
left join ranked_workspaces as workspaces
    on as_of_dates.workspace_id = workspaces.workspace_id
        and workspaces.recency_rank = 1
left join known_users on as_of_dates.workspace_id = known_users.workspace_id
