{{ config(materialized='view') }}

-- A view, so that a model that is built by itself never takes an earlier build's publication for its own.
with

last_publications as (

    select coalesce(max(publication_id), 0) as publication_id
    from {{ source('ops', 'publications') }}

),

announced_publications as (

    select coalesce(max(publication_id), 0) as publication_id
    from {{ source('ops', 'next_publication') }}

)

select
    last_publications.publication_id as last_publication_id,
    greatest(announced_publications.publication_id, last_publications.publication_id + 1) as publication_id,
    {{ clock() }} as run_at
from last_publications
cross join announced_publications
