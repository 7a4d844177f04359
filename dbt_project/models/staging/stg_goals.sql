select
    load_id,
    line,
    workspace_id,
    content_hash,
    goal_name,
    event_type,
    event_name,
    page_path,
    updated_at
from {{ source('raw', 'goals') }}
