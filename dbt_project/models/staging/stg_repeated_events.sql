select
    load_id,
    line,
    workspace_id,
    event_id,
    user_key,
    content_hash,
    created_at
from {{ source('raw', 'repeated_events') }}
