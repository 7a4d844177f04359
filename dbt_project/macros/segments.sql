{# Totals by segment, of rows by user: workspace_id, segment_id, the columns of `keys`, users, the columns of `sums`, the
   greatest values of `maxima`.

   A user is in one set of segments, so that users and sums of a segment are those of its sets added up: users are counted
   once, by set, and only the few totals are multiplied by segments.

   `relation` is a CTE with one row per user_key and `keys`, and its workspace_id. #}
{% macro segment_totals(relation, keys, sums=[], maxima=[]) -%}
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
        {%- for column in maxima -%}
        ,
        max(totals.{{ column }}) as {{ column }}
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
            {%- for column in maxima -%}
            ,
            max(rows_of_users.{{ column }}) as {{ column }}
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


{# The days that reports of a workspace cover: workspace_id, starts_on (of the longest timeframe), ends_on. #}
{% macro reported_days() -%}
    select
        workspace_id,
        min(starts_on) as starts_on,
        max(ends_on) as ends_on
    from {{ ref('int_timeframes') }}
    group by workspace_id
{%- endmacro %}


{# Totals by segment and timeframe, of rows by user and day: workspace_id, segment_id, timeframe, the columns of `keys`,
   users, the columns of `sums`.

   Timeframes end on the same day: a user counts in those that reach back to the user's latest day with the keys. So
   users and sums are added up by day first, each row once, and only the few totals are multiplied by timeframes and
   then by segments.

   `relation` is a CTE with workspace_id, user_key, activity_date (none after as_of_date), `keys` and `sums`. #}
{% macro timeframe_totals(relation, keys, sums=[]) -%}
    select
        totals.workspace_id,
        sets.segment_id,
        totals.timeframe,
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
            days.workspace_id,
            days.segment_set,
            timeframes.timeframe,
            {%- for key in keys %}
            days.{{ key }},
            {%- endfor %}
            sum(days.users) as users
            {%- for column in sums -%}
            ,
            sum(days.{{ column }}) as {{ column }}
            {%- endfor %}
        from (
            select
                latest_days.workspace_id,
                users.segment_set,
                latest_days.activity_date,
                {%- for key in keys %}
                latest_days.{{ key }},
                {%- endfor %}
                count(*) as users
                {%- for column in sums -%}
                ,
                0 as {{ column }}
                {%- endfor %}
            from (
                select
                    workspace_id,
                    user_key,
                    {%- for key in keys %}
                    {{ key }},
                    {%- endfor %}
                    max(activity_date) as activity_date
                from {{ relation }}
                group by workspace_id, user_key{% for key in keys %}, {{ key }}{% endfor %}
            ) as latest_days
            inner join {{ ref('int_user_segment_sets') }} as users on latest_days.user_key = users.user_key
            group by latest_days.workspace_id, users.segment_set, latest_days.activity_date
                {%- for key in keys %}, latest_days.{{ key }}{% endfor %}
            {%- if sums %}

            union all

            select
                rows_of_users.workspace_id,
                users.segment_set,
                rows_of_users.activity_date,
                {%- for key in keys %}
                rows_of_users.{{ key }},
                {%- endfor %}
                0 as users
                {%- for column in sums -%}
                ,
                sum(rows_of_users.{{ column }}) as {{ column }}
                {%- endfor %}
            from {{ relation }} as rows_of_users
            inner join {{ ref('int_user_segment_sets') }} as users on rows_of_users.user_key = users.user_key
            group by rows_of_users.workspace_id, users.segment_set, rows_of_users.activity_date
                {%- for key in keys %}, rows_of_users.{{ key }}{% endfor %}
            {%- endif %}
        ) as days
        inner join {{ ref('int_timeframes') }} as timeframes
            on days.workspace_id = timeframes.workspace_id
                and days.activity_date between timeframes.starts_on and timeframes.ends_on
        group by days.workspace_id, days.segment_set, timeframes.timeframe
            {%- for key in keys %}, days.{{ key }}{% endfor %}
    ) as totals
    inner join {{ ref('int_segment_sets') }} as sets
        on totals.workspace_id = sets.workspace_id
            and totals.segment_set = sets.segment_set
    group by totals.workspace_id, sets.segment_id, totals.timeframe
        {%- for key in keys %}, totals.{{ key }}{% endfor %}
{%- endmacro %}
