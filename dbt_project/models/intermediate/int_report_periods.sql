-- Reports are dense over this list: a segment of nobody has its rows of zeros.
with

segments as (

    select
        workspace_id,
        'all' as segment_id
    from {{ ref('int_as_of_dates') }}

    union all

    select
        workspace_id,
        segment_id
    from {{ ref('int_segments') }}

)

select
    timeframes.workspace_id,
    segments.segment_id,
    timeframes.timeframe,
    timeframes.timeframe_days,
    timeframes.starts_on,
    timeframes.ends_on,
    timeframes.previous_starts_on
from {{ ref('int_timeframes') }} as timeframes
inner join segments on timeframes.workspace_id = segments.workspace_id
