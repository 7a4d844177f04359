{{ config(materialized='view') }}

-- Read by the purge that names the users, while it takes them out (ingest/expire.py); nobody at other times.
with

leaving_periods as (

    select user_periods.*
    from {{ ref('int_user_periods') }} as user_periods
    inner join {{ source('raw', 'leaving_users') }} as leaving on user_periods.user_key = leaving.user_key

)

{{ period_counts('leaving_periods') }}
