{# An exact quotient, rounded half away from zero at `places`; null when the denominator is 0 or null.

   No floats: 1.005 as a double rounds to 1.00. DuckDB divides decimals as doubles, so there the quotient is an integer
   division of scaled integers; arguments may carry up to 10 decimal places and 17 digits before
   them. #}
{% macro ratio(numerator, denominator, places=2) -%}
    {{ return(adapter.dispatch('ratio', 'footfall')(numerator, denominator, places)) }}
{%- endmacro %}

{% macro postgres__ratio(numerator, denominator, places) -%}
    round(cast({{ numerator }} as decimal(38, 10)) / nullif(cast({{ denominator }} as decimal(38, 10)), 0), {{ places }})
{%- endmacro %}

{% macro duckdb__ratio(numerator, denominator, places) -%}
    {%- set unit = '1' ~ '0' * places -%}
    {%- set dividend = 'cast(cast(' ~ numerator ~ ' as decimal(27, 10)) * 10000000000 as hugeint)' -%}
    {%- set divisor = 'cast(cast(' ~ denominator ~ ' as decimal(27, 10)) * 10000000000 as hugeint)' -%}
    cast(
        sign({{ dividend }}) * sign({{ divisor }})
        * ((2 * {{ unit }} * abs({{ dividend }}) + abs({{ divisor }})) // nullif(2 * abs({{ divisor }}), 0))
        as decimal(38, 0)
    ) * cast(1 / {{ unit }}. as decimal({{ places + 1 }}, {{ places }}))
{%- endmacro %}
