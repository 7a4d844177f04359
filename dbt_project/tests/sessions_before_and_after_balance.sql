{{ config(meta={'dagster': {'ref': {'name': 'fct_restatement_sessions'}}}) }}

-- before and after are counted, added and retired are found by laying the sessions side by side.
with

this_publication as (

    select changes.*
    from {{ ref('fct_restatement_sessions') }} as changes
    inner join {{ ref('int_publication') }} as builds on changes.publication_id = builds.publication_id

),

sessions_now as (

    select
        workspace_id,
        count(*) as sessions
    from {{ ref('int_sessions') }}
    where not is_bot
    group by workspace_id

),

violations as (

    select
        this_publication.workspace_id,
        this_publication.sessions_before,
        this_publication.sessions_added,
        this_publication.sessions_retired,
        this_publication.sessions_merged,
        this_publication.sessions_split,
        this_publication.sessions_after,
        sessions_now.sessions as counted_sessions
    from this_publication
    left join sessions_now on this_publication.workspace_id = sessions_now.workspace_id
    where this_publication.sessions_before + this_publication.sessions_added - this_publication.sessions_retired
        <> this_publication.sessions_after
        or this_publication.sessions_after <> coalesce(sessions_now.sessions, 0)
        or this_publication.sessions_merged > this_publication.sessions_after
        or this_publication.sessions_split > this_publication.sessions_before

)

select * from violations
