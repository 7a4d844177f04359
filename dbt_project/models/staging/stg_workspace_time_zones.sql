select
    workspace_id,
    timezone
from {{ source('raw', 'workspace_time_zones') }}
