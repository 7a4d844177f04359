{# The text in `column` of the first event of a session that meets `condition`, among rows of int_events grouped by session. #}
{% macro first_in_session(column, condition) -%}
    {{ return(adapter.dispatch('first_in_session', 'footfall')(column, condition)) }}
{%- endmacro %}

{% macro duckdb__first_in_session(column, condition) -%}
    arg_min({{ column }}, event_number) filter (where {{ condition }})
{%- endmacro %}

{# The smallest of texts that begin with the event's number, in eleven digits: an aggregate with an order of its own would
   sort all events, by one process. #}
{% macro postgres__first_in_session(column, condition) -%}
    substring(min((10000000000 + event_number) || {{ byte_order(column) }}) filter (where {{ condition }}), 12)
{%- endmacro %}


{# The same of the last event. #}
{% macro last_in_session(column, condition) -%}
    {{ return(adapter.dispatch('last_in_session', 'footfall')(column, condition)) }}
{%- endmacro %}

{% macro duckdb__last_in_session(column, condition) -%}
    arg_max({{ column }}, event_number) filter (where {{ condition }})
{%- endmacro %}

{% macro postgres__last_in_session(column, condition) -%}
    substring(max((10000000000 + event_number) || {{ byte_order(column) }}) filter (where {{ condition }}), 12)
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
