{{ config(meta={'dagster': {'ref': {'name': 'fct_restatement_lateness'}}}) }}

-- Once events were taken out again, the ledger still says what was so at the load: then there is nothing to compare.
with

pending as (

    select * from {{ ref('stg_pending') }}

),

loads as (

    select sum(loads.loaded) as loaded_rows
    from {{ ref('stg_loads') }} as loads
    where loads.entity = 'events'
        and loads.load_id in (
            select pending.load_id
            from pending
            where pending.pending_kind = 'load'
        )

),

lateness as (

    select sum(lateness.loaded_rows) as loaded_rows
    from {{ ref('fct_restatement_lateness') }} as lateness
    inner join {{ ref('int_publication') }} as builds on lateness.publication_id = builds.publication_id

),

violations as (

    select
        loads.loaded_rows as rows_of_loads,
        lateness.loaded_rows as rows_by_lateness
    from loads
    cross join lateness
    where coalesce(loads.loaded_rows, 0) <> coalesce(lateness.loaded_rows, 0)
        and not exists (
            select 1
            from pending
            where pending.pending_kind = 'position'
        )

)

select * from violations
