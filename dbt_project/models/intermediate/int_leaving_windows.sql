{{ config(materialized='view') }}

-- Read by the purge that names the users, while it takes them out (ingest/expire.py); nobody at other times.
with

leaving_days as (

    select active_days.*
    from {{ ref('int_active_days') }} as active_days
    inner join {{ source('raw', 'leaving_users') }} as leaving on active_days.user_key = leaving.user_key

),

edges as (

    {{ window_edges('leaving_days') }}

)

select
    workspace_id,
    window_days,
    class,
    edge_date,
    users_change
from edges
