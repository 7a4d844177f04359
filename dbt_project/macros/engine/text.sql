{# Text orders by UTF-8 bytes, whatever collation a database was created with. #}
{% macro byte_order(column) -%}
    {{ return(adapter.dispatch('byte_order', 'footfall')(column)) }}
{%- endmacro %}

{% macro default__byte_order(column) -%}
    {{ column }}
{%- endmacro %}

{% macro postgres__byte_order(column) -%}
    {{ column }} collate "C"
{%- endmacro %}
