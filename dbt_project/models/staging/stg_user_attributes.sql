select
    load_id,
    line,
    field,
    value_text,
    value_number,
    value_date
from {{ source('raw', 'user_attributes') }}
