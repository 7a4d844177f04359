{# Rows whose rate is not 100 * `<rate>_numerator` / `<rate>_denominator` rounded to 2 places, not between 0 and 100, or
   null although there is a denominator. #}
{% test rate_of_its_parts(model, column_name) %}

{%- set numerator = column_name ~ '_numerator' -%}
{%- set denominator = column_name ~ '_denominator' %}
with

violations as (

    select *
    from {{ model }}
    where ({{ column_name }} is null) <> (coalesce({{ denominator }}, 0) = 0)
        or {{ column_name }} not between 0 and 100
        or 200 * abs(100 * {{ numerator }} - {{ column_name }} * {{ denominator }}) > {{ denominator }}

)

select * from violations

{% endtest %}
