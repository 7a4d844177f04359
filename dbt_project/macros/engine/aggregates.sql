{# The first text of a session, null left out: of int_events grouped by session_id. #}
{% macro first_in_session(text) -%}
    {{ return(adapter.dispatch('edge_of_session', 'footfall')('min', text)) }}
{%- endmacro %}

{# The last text of a session, likewise. #}
{% macro last_in_session(text) -%}
    {{ return(adapter.dispatch('edge_of_session', 'footfall')('max', text)) }}
{%- endmacro %}

{% macro duckdb__edge_of_session(extreme, text) -%}
    arg_{{ extreme }}({{ text }}, event_number)
{%- endmacro %}

{# Of texts that begin with the event's number in eleven digits. An aggregate that puts its rows in order would sort all
   events, in one process. #}
{% macro postgres__edge_of_session(extreme, text) -%}
    substring({{ extreme }}((10000000000 + event_number) || {{ byte_order(text) }}), 12)
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
