select
    load_id,
    line,
    workspace_id,
    user_key,
    content_hash,
    attributes,
    created_at as signed_up_at,
    updated_at
from {{ source('raw', 'users') }}
