{# Calendar periods as consecutive integers: days since 1970-01-01, ISO weeks since Monday 1970-01-05, months since
   year 0. #}

{% macro period_index(grain, day) -%}
    {%- if grain == 'day' -%}
        {{ days_between("date '1970-01-01'", day) }}
    {%- elif grain == 'week' -%}
        cast(floor({{ days_between("date '1970-01-05'", day) }} / 7.0) as integer)
    {%- else -%}
        cast(12 * extract(year from {{ day }}) + extract(month from {{ day }}) - 1 as integer)
    {%- endif -%}
{%- endmacro %}


{# The period_index of a date in a grain that is itself a column. #}
{% macro period_index_of_grain(grain_column, day) -%}
    case {{ grain_column }}
        when 'day' then {{ period_index('day', day) }}
        when 'week' then {{ period_index('week', day) }}
        else {{ period_index('month', day) }}
    end
{%- endmacro %}


{# The first day of a period. #}
{% macro period_start(grain_column, index) -%}
    case {{ grain_column }}
        when 'day' then {{ add_days("date '1970-01-01'", index) }}
        when 'week' then {{ add_days("date '1970-01-05'", '7 * (' ~ index ~ ')') }}
        else {{ add_months("date '0001-01-01'", index ~ ' - 12') }}
    end
{%- endmacro %}


{# 1 = Monday to 7 = Sunday, of days from 1970-01-05, a Monday, on. #}
{% macro iso_weekday(day) -%}
    {{ days_between("date '1970-01-05'", day) }} % 7 + 1
{%- endmacro %}


{# The ISO weeks of a group's days as the bits of one bigint, that of `first_day` the lowest: a sixth of the time of
   count(distinct). It has room for 62 weeks. #}
{% macro set_of_weeks(day, first_day) -%}
    {%- if var('timeframes') | max > 427 -%}
        {{ exceptions.raise_compiler_error("var timeframes: at most 427 days, not " ~ var('timeframes') | max) }}
    {%- endif -%}
    bit_or(cast(1 as bigint) << ({{ period_index('week', day) }} - {{ period_index('week', first_day) }}))
{%- endmacro %}


{# Whether a set_of_weeks holds three or more: `x & (x - 1)` is x without its lowest bit. #}
{% macro has_three_weeks(weeks) -%}
    {%- set without_first = '(' ~ weeks ~ ' & (' ~ weeks ~ ' - 1))' -%}
    {{ without_first }} & ({{ without_first }} - 1) > 0
{%- endmacro %}


{# Days of the shortest report timeframe that holds a day, of those that end on `last_day`; every other one that holds it
   is longer. #}
{% macro shortest_timeframe(day, last_day) -%}
    case
        {%- for days in var('timeframes') | sort %}
        when {{ days_between(day, last_day) }} < {{ days }} then {{ days }}
        {%- endfor %}
    end
{%- endmacro %}
