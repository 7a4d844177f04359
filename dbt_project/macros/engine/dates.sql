{# Date and time arithmetic that the engines spell differently. #}

{% macro add_days(day, days) -%}
    {{ return(adapter.dispatch('add_days', 'footfall')(day, days)) }}
{%- endmacro %}

{% macro default__add_days(day, days) -%}
    cast({{ day }} + cast({{ days }} as integer) as date)
{%- endmacro %}


{# Whole days from one date to another, negative when `later` is the earlier one. #}
{% macro days_between(earlier, later) -%}
    {{ return(adapter.dispatch('days_between', 'footfall')(earlier, later)) }}
{%- endmacro %}

{% macro default__days_between(earlier, later) -%}
    cast({{ later }} - {{ earlier }} as integer)
{%- endmacro %}


{% macro add_months(day, months) -%}
    {{ return(adapter.dispatch('add_months', 'footfall')(day, months)) }}
{%- endmacro %}

{% macro default__add_months(day, months) -%}
    cast({{ day }} + ({{ months }}) * interval '1 month' as date)
{%- endmacro %}


{% macro add_seconds(moment, seconds) -%}
    {{ return(adapter.dispatch('add_seconds', 'footfall')(moment, seconds)) }}
{%- endmacro %}

{% macro default__add_seconds(moment, seconds) -%}
    {{ moment }} + ({{ seconds }}) * interval '1 second'
{%- endmacro %}


{# Seconds from one timestamp to another as decimal(18,3): milliseconds are kept. #}
{% macro seconds_between(earlier, later) -%}
    {{ return(adapter.dispatch('seconds_between', 'footfall')(earlier, later)) }}
{%- endmacro %}

{% macro duckdb__seconds_between(earlier, later) -%}
    cast(date_diff('millisecond', {{ earlier }}, {{ later }}) * cast(0.001 as decimal(4, 3)) as decimal(18, 3))
{%- endmacro %}

{% macro postgres__seconds_between(earlier, later) -%}
    cast(extract(epoch from {{ later }} - {{ earlier }}) as decimal(18, 3))
{%- endmacro %}
