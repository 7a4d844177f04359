with

-- A version with a field that is no column of dim_users, and that no user has brought so far, is not in force: see
-- ingest/unknown_fields.py.
known_attributes as (

    select distinct field
    from {{ ref('stg_user_attributes') }}

),

versions_with_unknown_field as (

    select distinct
        conditions.load_id,
        conditions.line
    from {{ ref('stg_segment_conditions') }} as conditions
    left join known_attributes on conditions.field = known_attributes.field
    where known_attributes.field is null
        and not {{ is_user_column('conditions.field') }}

),

ranked_versions as (

    select
        segments.*,
        min(segments.updated_at) over (partition by segments.workspace_id, segments.segment_name) as created_at,
        row_number() over (
            partition by segments.workspace_id, segments.segment_name
            order by segments.updated_at desc, {{ byte_order('segments.content_hash') }} desc
        ) as recency_rank
    from {{ ref('stg_segments') }} as segments
    left join versions_with_unknown_field as waiting
        on segments.load_id = waiting.load_id
            and segments.line = waiting.line
    where waiting.line is null

),

custom_segments as (

    select
        as_of_dates.workspace_id,
        segments.segment_name,
        segments.segment_type,
        segments.criteria,
        segments.load_id,
        segments.line,
        segments.created_at,
        segments.updated_at,
        row_number() over (
            partition by as_of_dates.workspace_id, segments.segment_name
            order by case when segments.workspace_id is null then 2 else 1 end
        ) as precedence
    from {{ ref('int_as_of_dates') }} as as_of_dates
    inner join ranked_versions as segments
        on as_of_dates.workspace_id = coalesce(segments.workspace_id, as_of_dates.workspace_id)
    where segments.recency_rank = 1

),

segments_in_force as (

    select
        as_of_dates.workspace_id,
        built_in.segment_name,
        built_in.segment_type,
        built_in.criteria,
        true as is_built_in,
        cast(null as bigint) as load_id,
        cast(null as bigint) as line,
        cast(null as timestamp) as created_at,
        cast(null as timestamp) as updated_at
    from {{ ref('int_as_of_dates') }} as as_of_dates
    cross join {{ ref('built_in_segments') }} as built_in

    union all

    select
        workspace_id,
        segment_name,
        segment_type,
        criteria,
        false as is_built_in,
        load_id,
        line,
        created_at,
        updated_at
    from custom_segments
    where precedence = 1

)

select
    workspace_id,
    md5(length(workspace_id) || ':' || workspace_id || segment_name) as segment_id,
    segment_name,
    segment_type,
    criteria,
    is_built_in,
    load_id,
    line,
    created_at,
    updated_at
from segments_in_force
