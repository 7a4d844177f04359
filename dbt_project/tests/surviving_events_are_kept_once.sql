{{ config(meta={'dagster': {'ref': {'name': 'int_events'}}}) }}

-- Lines of each load are compared by their number, sum and sum of squares: a doubled, lost or exchanged one shows, and
-- the history is read once without sorting or hashing every event.
with

surviving_lines as (

    select
        load_id,
        line,
        1 as weight
    from {{ ref('stg_events') }}

    union all

    select
        load_id,
        line,
        -1 as weight
    from {{ ref('int_superseded_events') }}

),

expected_loads as (

    select
        load_id,
        sum(weight) as events,
        sum(weight * line) as line_sum,
        sum(weight * line * line) as line_square_sum
    from surviving_lines
    group by load_id

),

kept_loads as (

    select
        load_id,
        count(*) as events,
        sum(line) as line_sum,
        sum(line * line) as line_square_sum
    from {{ ref('int_events') }}
    group by load_id

),

violations as (

    select
        coalesce(expected_loads.load_id, kept_loads.load_id) as load_id,
        expected_loads.events as expected_events,
        kept_loads.events as kept_events,
        expected_loads.line_sum as expected_line_sum,
        kept_loads.line_sum as kept_line_sum
    from expected_loads
    full outer join kept_loads on expected_loads.load_id = kept_loads.load_id
    where coalesce(expected_loads.events, 0) <> coalesce(kept_loads.events, 0)
        or coalesce(expected_loads.line_sum, 0) <> coalesce(kept_loads.line_sum, 0)
        or coalesce(expected_loads.line_square_sum, 0) <> coalesce(kept_loads.line_square_sum, 0)

)

select * from violations
