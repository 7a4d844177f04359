select
    load_id,
    line,
    workspace_id,
    content_hash,
    segment_name,
    segment_type,
    criteria,
    updated_at
from {{ source('raw', 'segments') }}
