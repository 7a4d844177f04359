{# Models of models/safe are tables of the names of the marts they mirror: file names have to be unique, tables need not. #}
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {%- if custom_alias_name -%}
        {{ custom_alias_name | trim }}
    {%- elif 'safe' in node.tags -%}
        {{ node.name | replace('safe_', '', 1) }}
    {%- else -%}
        {{ node.name }}
    {%- endif -%}
{%- endmacro %}
