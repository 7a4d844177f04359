{{ config(
    materialized='incremental',
    incremental_strategy='replace_unpublished',
    full_refresh=false,
    on_schema_change='append_new_columns'
) }}

with

pending_loads as (

    select distinct load_id
    from {{ ref('stg_pending') }}
    where pending_kind = 'load'

),

-- The first copy of an id that came is the one that its load counts as loaded, whichever survives.
numbered_copies as (

    select
        load_id,
        line,
        row_number() over (partition by workspace_id, event_id order by load_id, line) as copy_number
    from {{ ref('stg_repeated_events') }}

),

duplicates as (

    select
        load_id,
        line
    from numbered_copies
    where copy_number > 1

),

bucketed_events as (

    select
        events.workspace_id,
        case
            when events.created_at > loads.loaded_at - interval '1 hour' then 1
            when events.created_at > loads.loaded_at - interval '24 hours' then 2
            when events.created_at > loads.loaded_at - interval '7 days' then 3
            when events.created_at > loads.loaded_at - interval '30 days' then 4
            when events.created_at > loads.loaded_at - interval '90 days' then 5
            else 6
        end as bucket_order
    from {{ ref('stg_events') }} as events
    inner join pending_loads on events.load_id = pending_loads.load_id
    inner join {{ ref('stg_loads') }} as loads on events.load_id = loads.load_id
    left join duplicates
        on events.load_id = duplicates.load_id
            and events.line = duplicates.line
    where duplicates.load_id is null

)

select
    builds.publication_id,
    builds.run_at,
    events.workspace_id,
    case events.bucket_order
        when 1 then '<1h'
        when 2 then '1h-24h'
        when 3 then '1d-7d'
        when 4 then '7d-30d'
        when 5 then '30d-90d'
        else '90d+'
    end as lateness_bucket,
    events.bucket_order,
    count(*) as loaded_rows
from bucketed_events as events
cross join {{ ref('int_publication') }} as builds
group by builds.publication_id, builds.run_at, events.workspace_id, events.bucket_order
