{{ config(meta={'dagster': {'ref': {'name': 'fct_session_paths'}}}) }}

-- A session of a human has a path where it has an entry page, from the entry page to the exit page.
with

violations as (

    select
        coalesce(sessions.session_id, paths.session_id) as session_id,
        sessions.entry_page,
        sessions.exit_page,
        sessions.duration_seconds,
        paths.page_1,
        paths.exit_page as exit_page_of_path,
        paths.seconds_before_exit
    from (
        select * from {{ ref('fct_sessions') }}
        where not is_bot
            and entry_page is not null
    ) as sessions
    full outer join {{ ref('fct_session_paths') }} as paths on sessions.session_id = paths.session_id
    where sessions.session_id is null
        or paths.session_id is null
        or sessions.workspace_id <> paths.workspace_id
        or sessions.user_key <> paths.user_key
        or sessions.session_date <> paths.session_date
        or sessions.entry_page <> paths.page_1
        or sessions.exit_page <> paths.exit_page
        or paths.seconds_before_exit not between 0 and sessions.duration_seconds

)

select * from violations
