{# Postgres plans a fresh table blindly until it is analyzed; DuckDB keeps statistics by itself. #}
{% macro analyze() -%}
    {{ return(adapter.dispatch('analyze', 'footfall')()) }}
{%- endmacro %}

{% macro default__analyze() -%}{%- endmacro %}

{% macro postgres__analyze() -%}
    {% if config.get('materialized') != 'view' %}analyze {{ this }}{% endif %}
{%- endmacro %}
