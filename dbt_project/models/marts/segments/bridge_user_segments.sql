select
    workspace_id,
    segment_id,
    user_key
from {{ ref('int_segment_members') }}
