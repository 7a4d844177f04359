{# The value of the row with the smallest `ordering` among the rows of a group that meet `condition`. #}
{% macro earliest(value, ordering, condition) -%}
    {{ return(adapter.dispatch('earliest', 'footfall')(value, ordering, condition)) }}
{%- endmacro %}

{% macro duckdb__earliest(value, ordering, condition) -%}
    arg_min({{ value }}, {{ ordering }}) filter (where {{ condition }})
{%- endmacro %}

{% macro postgres__earliest(value, ordering, condition) -%}
    (array_agg({{ value }} order by {{ ordering }}) filter (where {{ condition }}))[1]
{%- endmacro %}


{# The value of the row with the greatest `ordering` among the rows of a group that meet `condition`. #}
{% macro latest(value, ordering, condition) -%}
    {{ return(adapter.dispatch('latest', 'footfall')(value, ordering, condition)) }}
{%- endmacro %}

{% macro duckdb__latest(value, ordering, condition) -%}
    arg_max({{ value }}, {{ ordering }}) filter (where {{ condition }})
{%- endmacro %}

{% macro postgres__latest(value, ordering, condition) -%}
    (array_agg({{ value }} order by {{ ordering }} desc) filter (where {{ condition }}))[1]
{%- endmacro %}


{# The values of a group joined to one text, in the given order. #}
{% macro joined_text(value, separator, ordering) -%}
    {{ return(adapter.dispatch('joined_text', 'footfall')(value, separator, ordering)) }}
{%- endmacro %}

{% macro default__joined_text(value, separator, ordering) -%}
    string_agg({{ value }}, '{{ separator }}' order by {{ ordering }})
{%- endmacro %}
