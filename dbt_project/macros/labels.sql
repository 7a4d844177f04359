{# Labels in the order of their meaning, which is not that of their letters, and the column that BI tools sort them by. #}
{% macro length_buckets() -%}
    {{ return(['0-30s', '30s-2m', '2m-5m', '5m-15m', '15m-30m', '30m+']) }}
{%- endmacro %}


{% macro lifecycle_statuses() -%}
    {{ return(['never_active', 'new', 'active', 'lapsed']) }}
{%- endmacro %}


{% macro risk_labels() -%}
    {{ return(['Engaged', 'Cooling', 'At risk', 'Slipping away']) }}
{%- endmacro %}


{% macro trends() -%}
    {{ return(['increasing', 'stable', 'decreasing']) }}
{%- endmacro %}


{# The place of a label in its list, from 1; null for null. #}
{% macro label_order(label, labels) -%}
    case {{ label }}
        {%- for known in labels %}
        when '{{ known }}' then {{ loop.index }}
        {%- endfor %}
    end
{%- endmacro %}
