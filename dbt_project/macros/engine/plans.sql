{# To be the pre_hook of a model that joins or groups its own CTEs: Postgres takes each for a few rows, and nests loops over
   them, minutes in place of a second, or sorts half a million rows by four texts where it could hash them. The settings end
   with the transaction. #}
{% macro by_hashing() -%}
    {{ return(adapter.dispatch('by_hashing', 'footfall')()) }}
{%- endmacro %}

{% macro default__by_hashing() -%}{%- endmacro %}

{% macro postgres__by_hashing() -%}
    set local enable_nestloop = off;
    set local enable_sort = off
{%- endmacro %}
