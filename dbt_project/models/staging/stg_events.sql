select
    -- ids
    load_id,
    line,
    workspace_id,
    event_id,
    user_key,
    client_session_key,
    content_hash,

    -- text
    event_type,
    event_name,
    page_path,
    device_type,
    browser,
    os,
    country_code,
    metadata_category,

    -- numbers
    seconds_spent,
    revenue,

    -- booleans
    is_bot,

    -- timestamps
    created_at
from {{ source('raw', 'events') }}
