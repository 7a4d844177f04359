-- depends_on: {{ ref('int_touched_spans') }} (named inside is_incremental, where dbt does not see it while parsing)
{{ config(
    materialized='incremental',
    incremental_strategy='replace_touched_spans',
    meta={'moment': 'started_at'}
) }}

with

sessions as (

    select * from {{ ref('int_sessions') }} as sessions
    where not is_bot
        and entry_page is not null
    {% if is_incremental() %}
        and {{ touches_span('sessions', 'started_at') }}
    {% endif %}

),

paths as (

    select
        sessions.session_id,
        max(case when steps.step = 1 then steps.page end) as page_1,
        max(case when steps.step = 2 then steps.page end) as page_2,
        max(case when steps.step = 3 then steps.page end) as page_3,
        max(case when steps.step = 4 then steps.page end) as page_4,
        max(case when steps.step = 5 then steps.page end) as page_5,
        cast(least(count(*), 5) as integer) as steps,
        max(steps.last_viewed_at) as last_viewed_at
    from sessions
    inner join {{ ref('int_session_steps') }} as steps on sessions.session_id = steps.session_id
    group by sessions.session_id

),

archived as (

    {{ archived_rows('archived_session_paths', touches_span('archived', 'started_at')) }}

)

select
    sessions.session_id,
    sessions.workspace_id,
    sessions.user_key,
    paths.page_1,
    paths.page_2,
    paths.page_3,
    paths.page_4,
    paths.page_5,
    sessions.exit_page,
    paths.steps,
    {{ seconds_between('sessions.started_at', 'paths.last_viewed_at') }} as seconds_before_exit,
    sessions.session_date,
    sessions.started_at
from sessions
inner join paths on sessions.session_id = paths.session_id

union all

select
    session_id,
    workspace_id,
    user_key,
    page_1,
    page_2,
    page_3,
    page_4,
    page_5,
    exit_page,
    steps,
    seconds_before_exit,
    session_date,
    started_at
from archived
