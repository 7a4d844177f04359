{# Totals by segment, of rows by user: workspace_id, segment_id, the columns of `keys`, users, the columns of `sums`.

   A user is in one set of segments, so that users and sums of a segment are those of its sets added up: users are counted
   once, by set, and only the few totals are multiplied by segments.

   `relation` is a CTE with one row per user_key and `keys`, and its workspace_id. #}
{% macro segment_totals(relation, keys, sums=[]) -%}
    select
        totals.workspace_id,
        sets.segment_id,
        {%- for key in keys %}
        totals.{{ key }},
        {%- endfor %}
        cast(sum(totals.users) as bigint) as users
        {%- for column in sums -%}
        ,
        sum(totals.{{ column }}) as {{ column }}
        {%- endfor %}
    from (
        select
            rows_of_users.workspace_id,
            users.segment_set,
            {%- for key in keys %}
            rows_of_users.{{ key }},
            {%- endfor %}
            count(*) as users
            {%- for column in sums -%}
            ,
            sum(rows_of_users.{{ column }}) as {{ column }}
            {%- endfor %}
        from {{ relation }} as rows_of_users
        inner join {{ ref('int_user_segment_sets') }} as users on rows_of_users.user_key = users.user_key
        group by rows_of_users.workspace_id, users.segment_set
            {%- for key in keys %}, rows_of_users.{{ key }}{% endfor %}
    ) as totals
    inner join {{ ref('int_segment_sets') }} as sets
        on totals.workspace_id = sets.workspace_id
            and totals.segment_set = sets.segment_set
    group by totals.workspace_id, sets.segment_id
        {%- for key in keys %}, totals.{{ key }}{% endfor %}
{%- endmacro %}
