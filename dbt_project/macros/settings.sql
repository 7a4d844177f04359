{# The moment of the run as a UTC timestamp; without Footfall around it, the moment dbt started. An environment variable,
   because a var that differs at every run would make dbt parse the whole project anew at every run; unit tests alone
   override the var. #}
{% macro clock() -%}
    cast(
        '{{ var("clock", none) or env_var("FOOTFALL_CLOCK", "") or run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}' as timestamp
    )
{%- endmacro %}


{# The longest gap inside a session. #}
{% macro session_timeout() -%}
    interval '{{ var("session_timeout_minutes") | int }} minutes'
{%- endmacro %}


{# What makes a user's events one sequence: bot events stand apart, and client sessions if so set. #}
{% macro session_sequence() -%}
    user_key, is_bot
    {%- if var('session_key') == 'client' %}, client_session_key
    {%- elif var('session_key') != 'inactivity' -%}
        {{ exceptions.raise_compiler_error("var session_key: inactivity or client, not " ~ var('session_key')) }}
    {%- endif -%}
{%- endmacro %}


{# Whether a local date is shown: all are, unless --as-of hides the later ones. #}
{% macro is_shown(day, as_of_date) -%}
    {%- if var('as_of') -%} {{ day }} <= {{ as_of_date }} {%- else -%} true {%- endif -%}
{%- endmacro %}


{# A row per report timeframe: timeframe (30d), timeframe_days (30). #}
{% macro timeframes() -%}
    {%- for days in var('timeframes') %}
    select
        '{{ days | int }}d' as timeframe,
        {{ days | int }} as timeframe_days
    {%- if not loop.last %}
    union all
    {%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{# A row per trailing growth window: window_days. #}
{% macro growth_windows() -%}
    {%- for days in var('growth_windows') %}
    select {{ days | int }} as window_days
    {%- if not loop.last %}
    union all
    {%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{# A row per bracket of days after the first active one: first_day, last_day. #}
{% macro retention_brackets() -%}
    {%- for first_day, last_day in var('retention_brackets') %}
    select
        {{ first_day | int }} as first_day,
        {{ last_day | int }} as last_day
    {%- if not loop.last %}
    union all
    {%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{# A UTC timestamp in local time, given the row of time_zone_days for its zone and UTC day. #}
{% macro to_local(moment, zone_day) -%}
    {{ add_seconds(
        moment,
        'case when ' ~ moment ~ ' >= ' ~ zone_day ~ '.changes_at then ' ~ zone_day ~ '.offset_seconds_after'
        ~ ' else ' ~ zone_day ~ '.offset_seconds end'
    ) }}
{%- endmacro %}
