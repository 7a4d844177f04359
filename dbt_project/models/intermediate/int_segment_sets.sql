select distinct
    workspace_id,
    segment_set,
    'all' as segment_id
from {{ ref('int_user_segment_sets') }}
