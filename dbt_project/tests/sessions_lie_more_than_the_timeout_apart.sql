{#- Client sessions may overlap, so there only the gap rule inside one holds, which int_events no longer shows.
    A session whose events are purged is not joined any more by what comes late after it. -#}
{{ config(
    enabled=var('session_key') == 'inactivity',
    meta={'dagster': {'ref': {'name': 'int_sessions'}}}
) }}

with

neighbours as (

    select
        workspace_id,
        user_key,
        is_bot,
        session_id,
        started_at,
        ended_at,
        lag(ended_at) over sessions_of_user as previous_ended_at,
        lag(session_id) over sessions_of_user as previous_session_id
    from {{ ref('int_sessions') }}
    window sessions_of_user as (partition by user_key, is_bot order by started_at, ended_at)

),

violations as (

    select neighbours.*
    from neighbours
    left join {{ source('ops', 'archived_sessions') }} as archived
        on neighbours.previous_session_id = archived.session_id
    where neighbours.ended_at < neighbours.started_at
        or (
            neighbours.started_at <= neighbours.previous_ended_at + {{ session_timeout() }}
            and archived.session_id is null
        )

)

select * from violations
