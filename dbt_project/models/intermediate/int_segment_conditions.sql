with

conditions as (

    select
        segments.workspace_id,
        segments.segment_id,
        conditions.combination,
        conditions.condition_number,
        conditions.field,
        conditions.op,
        conditions.value_position,
        conditions.value_text,
        conditions.value_number,
        conditions.value_date
    from {{ ref('int_segments') }} as segments
    inner join {{ ref('stg_segment_conditions') }} as conditions
        on segments.load_id = conditions.load_id
            and segments.line = conditions.line

    union all

    select
        segments.workspace_id,
        segments.segment_id,
        conditions.combination,
        conditions.condition_number,
        conditions.field,
        conditions.op,
        conditions.value_position,
        conditions.value_text,
        conditions.value_number,
        conditions.value_date
    from {{ ref('int_segments') }} as segments
    inner join {{ ref('built_in_segment_conditions') }} as conditions
        on segments.segment_name = conditions.segment_name
    where segments.is_built_in

)

select * from conditions
