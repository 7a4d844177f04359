select
    timezone,
    offset_seconds,
    offset_seconds_after,
    utc_date,
    changes_at
from {{ source('raw', 'time_zone_days') }}
