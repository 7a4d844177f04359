-- The loader lists the copies of repeated ids, so that only those few are ranked and never the whole history.
-- A table, for where a view with a window is joined to events, Postgres sorts them with one process only.
with

copies as (

    select
        load_id,
        line,
        row_number() over (
            partition by workspace_id, event_id
            order by created_at, {{ byte_order('content_hash') }}, load_id, line
        ) as survival_rank
    from {{ ref('stg_repeated_events') }}

)

select
    load_id,
    line
from copies
where survival_rank > 1
