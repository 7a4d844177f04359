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


{# Whether a row's moment lies in a touched span of its user.

   The outer bounds and the touched users say nothing new, but they are cheap to look at: DuckDB skips the blocks outside
   the bounds, and takes a correlated subquery apart by copying every row that is left. Over 1.5 million events, one day
   of them touched, that makes 0.02 seconds out of 0.94. #}
{% macro touches_span(row_name, moment) -%}
    {{ row_name }}.{{ moment }} >= (select min(starts_at) from {{ ref('int_touched_spans') }})
    and {{ row_name }}.{{ moment }} <= (select max(ends_at) from {{ ref('int_touched_spans') }})
    and {{ row_name }}.user_key in (select user_key from {{ ref('int_touched_spans') }})
    and exists (
        select 1
        from {{ ref('int_touched_spans') }} as spans
        where spans.user_key = {{ row_name }}.user_key
            and {{ row_name }}.{{ moment }} between spans.starts_at and spans.ends_at
    )
{%- endmacro %}


{# Whether a row's local date may hold an event of a touched span of its user. A day on either side covers every zone, the
   one before a change of a workspace's zone included. Bounds and users as in touches_span. #}
{% macro touches_day(row_name, day) -%}
    {{ row_name }}.{{ day }} >= (
        select {{ add_days('cast(min(starts_at) as date)', -1) }} from {{ ref('int_touched_spans') }}
    )
    and {{ row_name }}.{{ day }} <= (
        select {{ add_days('cast(max(ends_at) as date)', 1) }} from {{ ref('int_touched_spans') }}
    )
    and {{ row_name }}.user_key in (select user_key from {{ ref('int_touched_spans') }})
    and exists (
        select 1
        from {{ ref('int_touched_spans') }} as spans
        where spans.user_key = {{ row_name }}.user_key
            and {{ row_name }}.{{ day }} between {{ add_days('cast(spans.starts_at as date)', -1) }}
            and {{ add_days('cast(spans.ends_at as date)', 1) }}
    )
{%- endmacro %}
