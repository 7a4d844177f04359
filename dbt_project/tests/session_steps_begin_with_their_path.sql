{{ config(meta={'dagster': {'ref': {'name': 'fct_session_steps'}}}) }}

-- The first five steps are the path of the session, their numbers without a gap. A session whose events were purged may
-- have a path alone.
with

sessions as (

    select
        session_id,
        min(user_key) as user_key,
        min(session_date) as session_date,
        count(*) as steps,
        max(step) as last_step,
        max(case when step = 1 then page end) as page_1,
        max(case when step = 2 then page end) as page_2,
        max(case when step = 3 then page end) as page_3,
        max(case when step = 4 then page end) as page_4,
        max(case when step = 5 then page end) as page_5
    from {{ ref('fct_session_steps') }}
    group by session_id

),

violations as (

    select
        sessions.session_id,
        sessions.steps,
        sessions.last_step,
        paths.steps as steps_of_path
    from sessions
    left join {{ ref('fct_session_paths') }} as paths on sessions.session_id = paths.session_id
    where paths.session_id is null
        or sessions.steps <> sessions.last_step
        or least(sessions.steps, 5) <> paths.steps
        or sessions.user_key <> paths.user_key
        or sessions.session_date <> paths.session_date
        or sessions.page_1 <> paths.page_1
        or sessions.page_2 is distinct from paths.page_2
        or sessions.page_3 is distinct from paths.page_3
        or sessions.page_4 is distinct from paths.page_4
        or sessions.page_5 is distinct from paths.page_5

)

select * from violations
