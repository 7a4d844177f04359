{# A row per whole number from first to last, both included: number. #}
{% macro whole_numbers(first, last) -%}
    select numbers.number
    from (
        values
        {%- for number in range(first, last + 1) %}
            ({{ number }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as numbers (number)
{%- endmacro %}
