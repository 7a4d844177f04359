{# Columns matches_1, matches_2, …: 1 where a row of the group is that step of a funnel, else 0. #}
{% macro matched_steps(step) -%}
    {%- for number in range(1, var('funnel_steps') + 1) -%}
        max(case when {{ step }} = {{ number }} then 1 else 0 end) as matches_{{ number }}
        {{- ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
