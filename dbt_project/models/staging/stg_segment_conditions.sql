select
    load_id,
    line,
    combination,
    condition_number,
    field,
    op,
    value_position,
    value_text,
    value_number,
    value_date
from {{ source('raw', 'segment_conditions') }}
