{# To be the pre_hook of a model that joins its own CTEs: Postgres takes each for a single row and nests loops over them,
   minutes in place of a second. The setting ends with the transaction. #}
{% macro without_nested_loops() -%}
    {{ return(adapter.dispatch('without_nested_loops', 'footfall')()) }}
{%- endmacro %}

{% macro default__without_nested_loops() -%}{%- endmacro %}

{% macro postgres__without_nested_loops() -%}
    set local enable_nestloop = off
{%- endmacro %}
