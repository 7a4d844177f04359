with

timeframes as (

    {{ timeframes() }}

)

select
    as_of_dates.workspace_id,
    timeframes.timeframe,
    timeframes.timeframe_days,
    {{ add_days('as_of_dates.as_of_date', '1 - timeframes.timeframe_days') }} as starts_on,
    as_of_dates.as_of_date as ends_on,
    {{ add_days('as_of_dates.as_of_date', '1 - 2 * timeframes.timeframe_days') }} as previous_starts_on
from {{ ref('int_as_of_dates') }} as as_of_dates
cross join timeframes
where as_of_dates.first_event_date is not null
    and {{ is_shown('as_of_dates.first_event_date', 'as_of_dates.as_of_date') }}
