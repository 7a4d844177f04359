{# How incremental models replace exactly what is pending, and nothing else.

   A strategy deletes the rows of the touched scope and inserts what the model selects for the same scope. A key such as
   session_id would not do: when a late event merges two sessions, the row of the one that vanished has no new row to
   replace it, and stays. The scope names what may have changed, so that doing it twice changes nothing. #}

{# Rows of touched users whose moment, the column named by `meta.moment`, lies in a touched span. #}
{% macro get_incremental_replace_touched_spans_sql(arguments) %}
    {% do return(replace_rows(arguments, touches_span('replaced', config.get('meta').moment))) %}
{% endmacro %}

{# Rows of touched users whose activity_date lies in the days of a touched span. #}
{% macro get_incremental_replace_touched_days_sql(arguments) %}
    {% do return(replace_rows(arguments, touches_day('replaced', 'activity_date'))) %}
{% endmacro %}

{# The same for the spans in which conversions are asked for anew. #}
{% macro get_incremental_replace_conversion_spans_sql(arguments) %}
    {% set spans = ref('int_conversion_spans') %}
    {% do return(replace_rows(arguments, touches_span('replaced', config.get('meta').moment, spans))) %}
{% endmacro %}

{# Rows of publications that never came about: what readers have seen of a history stays as it is. #}
{% macro get_incremental_replace_unpublished_sql(arguments) %}
    {% set last_publication -%}
        select publication.last_publication_id from {{ ref('int_publication') }} as publication
    {%- endset %}
    {% do return(replace_rows(arguments, 'replaced.publication_id > (' ~ last_publication ~ ')')) %}
{% endmacro %}

{# Every row: for small tables that keep their relation between builds. #}
{% macro get_incremental_replace_all_sql(arguments) %}
    {% do return(replace_rows(arguments, 'true')) %}
{% endmacro %}


{% macro replace_rows(arguments, scope) %}
    {%- set columns = get_quoted_csv(arguments.dest_columns | map(attribute='name')) -%}
    delete from {{ arguments.target_relation }} as replaced where {{ scope }};

    insert into {{ arguments.target_relation }} ({{ columns }})
    select {{ columns }} from {{ arguments.temp_relation }}
{% endmacro %}


{# Whether a row's moment lies in a touched span of its user, or in one of another model of spans.

   The first three conditions follow from the fourth. DuckDB joins a correlated subquery by collecting every (user, moment)
   of the table first, unless few rows are left by then: 4.2 s of computing in place of 0.03 s over 12 million events. #}
{% macro touches_span(row_name, moment, spans=none) -%}
    {%- set spans = spans or ref('int_touched_spans') -%}
    (
        {{ row_name }}.{{ moment }} >= (select min(spans.starts_at) from {{ spans }} as spans)
        and {{ row_name }}.{{ moment }} <= (select max(spans.ends_at) from {{ spans }} as spans)
        and {{ row_name }}.user_key in (select spans.user_key from {{ spans }} as spans)
        and exists (
            select 1
            from {{ spans }} as spans
            where spans.user_key = {{ row_name }}.user_key
                and {{ row_name }}.{{ moment }} between spans.starts_at and spans.ends_at
        )
    )
{%- endmacro %}


{# Whether a row's local date may hold an event of a touched span of its user. A day on either side covers every zone, the
   one before a change of a workspace's zone included. The first three conditions are as in touches_span. #}
{% macro touches_day(row_name, day) -%}
    {%- set spans = ref('int_touched_spans') -%}
    (
        {{ row_name }}.{{ day }} >= (
            select {{ add_days('cast(min(spans.starts_at) as date)', -1) }}
            from {{ spans }} as spans
        )
        and {{ row_name }}.{{ day }} <= (
            select {{ add_days('cast(max(spans.ends_at) as date)', 1) }}
            from {{ spans }} as spans
        )
        and {{ row_name }}.user_key in (select spans.user_key from {{ spans }} as spans)
        and exists (
            select 1
            from {{ spans }} as spans
            where spans.user_key = {{ row_name }}.user_key
                and {{ row_name }}.{{ day }} between {{ add_days('cast(spans.starts_at as date)', -1) }}
                and {{ add_days('cast(spans.ends_at as date)', 1) }}
        )
    )
{%- endmacro %}
