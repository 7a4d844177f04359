select
    load_id,
    line,
    workspace_id,
    content_hash,
    feature_name,
    category,
    updated_at
from {{ source('raw', 'features') }}
