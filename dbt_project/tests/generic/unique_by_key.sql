{# Rows whose key, the columns named by `meta.key`, is null in part or stands in another row too. #}
{% test unique_by_key(model) %}

{%- set key = [] -%}
{%- if execute -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == model.identifier -%}
        {%- do key.extend(node.config.meta.key) -%}
    {%- endfor -%}
{%- else -%}
    {%- do key.append('workspace_id') -%}
{%- endif %}
with

violations as (

    select
        {{ key | join(', ') }},
        count(*) as copies
    from {{ model }}
    group by {{ key | join(', ') }}
    having count(*) > 1
    {%- for column in key %}
        or {{ column }} is null
    {%- endfor %}

)

select * from violations

{% endtest %}
