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

archived as (

    {{ archived_rows('archived_session_paths', touches_span('archived', 'started_at')) }}

)

select
    sessions.session_id,
    sessions.workspace_id,
    sessions.user_key,
    first_steps.page as page_1,
    first_steps.page_2,
    first_steps.page_3,
    first_steps.page_4,
    first_steps.page_5,
    sessions.exit_page,
    cast(
        1
        + case when first_steps.page_2 is not null then 1 else 0 end
        + case when first_steps.page_3 is not null then 1 else 0 end
        + case when first_steps.page_4 is not null then 1 else 0 end
        + case when first_steps.page_5 is not null then 1 else 0 end
        as integer
    ) as steps,
    {{ seconds_between('sessions.started_at', 'first_steps.session_last_viewed_at') }} as seconds_before_exit,
    sessions.session_date,
    sessions.started_at
from sessions
inner join {{ ref('int_session_steps') }} as first_steps on sessions.session_id = first_steps.session_id
where first_steps.step = 1

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
