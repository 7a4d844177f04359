{# Rows of days whose events raw does not hold any more, kept by the purge (see ingest/purge.py): all of them, or in an
   increment those of the scope that it replaces. #}
{% macro archived_rows(table, scope) -%}
    select * from {{ source('ops', table) }} as archived
    {% if is_incremental() -%}
    where {{ scope }}
    {%- endif %}
{%- endmacro %}
