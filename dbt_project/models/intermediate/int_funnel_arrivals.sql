-- An event that matches step k ends a chain that started at the latest start that any earlier event brought to step
-- k - 1: of all chains that the event can end, that one has the most of its window left. One pass a step, whatever the
-- number of events between.
{%- set steps = var('funnel_steps') %}
with

windows as (

    select distinct
        workspace_id,
        funnel_name,
        window_hours
    from {{ ref('int_funnel_steps') }}

),

step_1 as (

    select
        events.*,
        windows.window_hours,
        case when events.matches_1 then events.created_at end as started_1
    from {{ ref('int_funnel_events') }} as events
    inner join windows
        on events.workspace_id = windows.workspace_id
            and events.funnel_name = windows.funnel_name

),

{% for step in range(2, steps + 1) %}
latest_{{ step }} as (

    select
        *,
        max(started_{{ step - 1 }}) over (
            partition by user_key, funnel_name
            order by event_number
            rows between unbounded preceding and 1 preceding
        ) as latest_start
    from step_{{ step - 1 }}

),

step_{{ step }} as (

    select
        workspace_id,
        user_key,
        funnel_name,
        window_hours,
        event_number,
        activity_date,
        created_at,
        {%- for later in range(step + 1, steps + 1) %}
        matches_{{ later }},
        {%- endfor %}
        {%- for earlier in range(1, step) %}
        started_{{ earlier }},
        {%- endfor %}
        case
            when matches_{{ step }} and created_at <= {{ add_seconds('latest_start', '3600 * window_hours') }}
                then latest_start
        end as started_{{ step }}
    from latest_{{ step }}

),
{% endfor %}

arrivals as (

    {% for step in range(1, steps + 1) -%}
    select
        workspace_id,
        user_key,
        funnel_name,
        {{ step }} as step,
        event_number,
        started_{{ step }} as started_at,
        created_at as arrived_at
    from step_{{ steps }}
    where started_{{ step }} is not null
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

-- The local date of a start is that of its event.
starts as (

    select distinct
        user_key,
        created_at,
        activity_date
    from {{ ref('int_funnel_events') }}

)

select
    arrivals.workspace_id,
    arrivals.user_key,
    arrivals.funnel_name,
    arrivals.step,
    arrivals.event_number,
    starts.activity_date as start_date,
    {{ seconds_between('arrivals.started_at', 'arrivals.arrived_at') }} as seconds
from arrivals
inner join starts
    on arrivals.user_key = starts.user_key
        and arrivals.started_at = starts.created_at
