{# Totals of sessions by segment and timeframe: workspace_id, segment_id, timeframe, the columns of `keys`, users,
   sessions, the columns of `sums`; only rows that hold a session.

   Every timeframe ends on as_of_date, so a user counts in each that reaches back to their latest session. One pass by
   user therefore does for all timeframes; the few totals by set of segments are then added up by segment.

   `relation` is a CTE with one row per session and `keys`: workspace_id, user_key, session_date, and the columns of
   `keys` and `sums`. It is narrowed to the days of reports here. #}
{% macro session_totals(relation, keys, sums=[]) -%}
    {%- set timeframes = var('timeframes') -%}
    {%- set measures = ['users', 'sessions'] + sums %}
    with

    days_of_reports as (

        select
            workspace_id,
            min(starts_on) as starts_on,
            max(ends_on) as ends_on
        from {{ ref('int_timeframes') }}
        group by workspace_id

    ),

    dated_sessions as (

        select
            sessions.*,
            {{ days_between('sessions.session_date', 'days_of_reports.ends_on') }} as days_ago
        from {{ relation }} as sessions
        inner join days_of_reports
            on sessions.workspace_id = days_of_reports.workspace_id
                and sessions.session_date between days_of_reports.starts_on and days_of_reports.ends_on

    ),

    totals_of_users as (

        select
            workspace_id,
            user_key,
            {%- for key in keys %}
            {{ key }},
            {%- endfor %}
            {%- for days in timeframes %}
            count(case when days_ago < {{ days }} then 1 end) as sessions_{{ days }},
            {%- for column in sums %}
            sum(case when days_ago < {{ days }} then {{ column }} end) as {{ column }}_{{ days }},
            {%- endfor %}
            {%- endfor %}
            min(days_ago) as days_ago
        from dated_sessions
        group by workspace_id, user_key{% for key in keys %}, {{ key }}{% endfor %}

    ),

    totals_of_sets as (

        select
            totals.workspace_id,
            users.segment_set,
            {%- for key in keys %}
            totals.{{ key }},
            {%- endfor %}
            {%- for days in timeframes %}
            count(case when totals.days_ago < {{ days }} then 1 end) as users_{{ days }},
            {%- for column in measures[1:] %}
            {{ total('totals.' ~ column ~ '_' ~ days, column) }} as {{ column }}_{{ days }}{{ ',' if not loop.last }}
            {%- endfor %}{{ ',' if not loop.last }}
            {%- endfor %}
        from totals_of_users as totals
        inner join {{ ref('int_user_segment_sets') }} as users on totals.user_key = users.user_key
        group by totals.workspace_id, users.segment_set{% for key in keys %}, totals.{{ key }}{% endfor %}

    ),

    totals_of_segments as (

        select
            totals.workspace_id,
            segments.segment_id,
            {%- for key in keys %}
            totals.{{ key }},
            {%- endfor %}
            {%- for days in timeframes %}
            {%- set last_timeframe = loop.last %}
            {%- for column in measures %}
            {{ total('totals.' ~ column ~ '_' ~ days, column) }} as {{ column }}_{{ days }}
            {{- ',' if not (loop.last and last_timeframe) }}
            {%- endfor %}
            {%- endfor %}
        from totals_of_sets as totals
        inner join {{ ref('int_segment_sets') }} as segments
            on totals.workspace_id = segments.workspace_id
                and totals.segment_set = segments.segment_set
        group by totals.workspace_id, segments.segment_id{% for key in keys %}, totals.{{ key }}{% endfor %}

    )
    {% for days in timeframes %}
    select
        workspace_id,
        segment_id,
        '{{ days }}d' as timeframe,
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        users_{{ days }} as users,
        sessions_{{ days }} as sessions
        {%- for column in sums -%}
        ,
        {{ column }}_{{ days }} as {{ column }}
        {%- endfor %}
    from totals_of_segments
    where users_{{ days }} > 0
    {{- '\n\n    union all\n' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{# A sum of counts is a bigint again: the type that the engine gives it, made for more digits, is slow to add up further. #}
{% macro total(expression, column) -%}
    {%- if column in ('users', 'sessions') -%}
        cast(sum({{ expression }}) as bigint)
    {%- else -%}
        sum({{ expression }})
    {%- endif -%}
{%- endmacro %}
