{{ config(pre_hook="{{ by_hashing() }}") }}

-- Kinds of events are matched rather than events: there are few of them, however many events.
with

-- Only of workspaces with a funnel: the others' events are not looked at.
report_days as (

    select
        timeframes.workspace_id,
        min(timeframes.starts_on) as starts_on,
        max(timeframes.ends_on) as ends_on
    from {{ ref('int_timeframes') }} as timeframes
    inner join {{ ref('int_funnel_steps') }} as steps on timeframes.workspace_id = steps.workspace_id
    group by timeframes.workspace_id

),

events as (

    select
        events.load_id,
        events.line,
        events.workspace_id,
        events.user_key,
        coalesce(events.event_type, '') as event_type,
        coalesce(events.event_name, '') as event_name,
        coalesce(events.page_path, '') as page_path,
        events.activity_date,
        events.created_at
    from report_days
    inner join {{ ref('int_events') }} as events
        on report_days.workspace_id = events.workspace_id
            and events.activity_date between report_days.starts_on and report_days.ends_on
    where not events.is_bot

),

kinds as (

    select distinct
        workspace_id,
        event_type,
        event_name,
        page_path
    from events

),

-- No name or page is an empty text, which therefore stands for none.
matched_kinds as (

    select
        kinds.*,
        steps.funnel_name,
        steps.step
    from kinds
    inner join {{ ref('int_funnel_steps') }} as steps
        on kinds.workspace_id = steps.workspace_id
            and {{ matches_pattern("nullif(kinds.event_type, '')", 'steps.event_type_pattern') }}
            and {{ matches_pattern("nullif(kinds.event_name, '')", 'steps.event_name_pattern') }}
            and {{ matches_pattern("nullif(kinds.page_path, '')", 'steps.page_path_pattern') }}

),

matched_events as (

    select
        events.load_id,
        events.line,
        events.workspace_id,
        events.user_key,
        matched_kinds.funnel_name,
        events.activity_date,
        events.created_at,
        {{ matched_steps('matched_kinds.step') }}
    from events
    inner join matched_kinds
        on events.workspace_id = matched_kinds.workspace_id
            and events.event_type = matched_kinds.event_type
            and events.event_name = matched_kinds.event_name
            and events.page_path = matched_kinds.page_path
    group by
        events.load_id,
        events.line,
        events.workspace_id,
        events.user_key,
        matched_kinds.funnel_name,
        events.activity_date,
        events.created_at

)

select
    matched_events.workspace_id,
    matched_events.user_key,
    matched_events.funnel_name,
    matched_events.activity_date,
    matched_events.created_at,
    {%- for step in range(1, var('funnel_steps') + 1) %}
    matched_events.matches_{{ step }} = 1 as matches_{{ step }},
    {%- endfor %}
    row_number() over (
        partition by matched_events.user_key, matched_events.funnel_name
        order by matched_events.created_at, {{ byte_order('raw_events.event_id') }}
    ) as event_number
from matched_events
inner join {{ ref('stg_events') }} as raw_events
    on matched_events.load_id = raw_events.load_id
        and matched_events.line = raw_events.line
