{{ config(materialized='view') }}

-- UTC has a row for every day that any event can fall on.
select utc_date as calendar_date
from {{ ref('stg_time_zone_days') }}
where timezone = 'UTC'
