select
    load_id,
    line,
    workspace_id,
    content_hash,
    funnel_name,
    window_hours,
    updated_at
from {{ source('raw', 'funnels') }}
