select
    load_id,
    line,
    workspace_id,
    content_hash,
    workspace_name,
    timezone,
    updated_at
from {{ source('raw', 'workspaces') }}
