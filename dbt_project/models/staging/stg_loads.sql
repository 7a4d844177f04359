select
    -- ids
    load_id,

    -- text
    entity,
    status,

    -- numbers
    loaded,

    -- timestamps
    loaded_at
from {{ source('raw', 'loads') }}
