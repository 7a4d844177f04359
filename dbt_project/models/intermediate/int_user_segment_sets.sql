select
    workspace_id,
    user_key,
    '' as segment_set
from {{ ref('int_users') }}
