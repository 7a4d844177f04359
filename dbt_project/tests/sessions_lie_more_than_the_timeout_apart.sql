{#- Client sessions may overlap, so there only the gap rule inside one holds, which int_events no longer shows. -#}
{{ config(enabled=var('session_key') == 'inactivity') }}

with

neighbours as (

    select
        workspace_id,
        user_key,
        is_bot,
        session_id,
        started_at,
        ended_at,
        lag(ended_at) over sessions_of_user as previous_ended_at
    from {{ ref('int_sessions') }}
    window sessions_of_user as (partition by user_key, is_bot order by started_at, ended_at)

),

violations as (

    select *
    from neighbours
    where started_at <= previous_ended_at + {{ session_timeout() }}
        or ended_at < started_at

)

select * from violations
