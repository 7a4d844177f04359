select
    load_id,
    workspace_id,
    user_key,
    kind as pending_kind,
    touched_at,
    touched_until
from {{ source('raw', 'pending') }}
