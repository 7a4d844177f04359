select
    load_id,
    line,
    step,
    step_name,
    event_type,
    event_name,
    page_path
from {{ source('raw', 'funnel_steps') }}
