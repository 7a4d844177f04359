{# How schema marts_safe hides small groups (docs/access.md). A group is small when it has at least one user and fewer than
   `small_group`. What a segment hides is asked of the rest too: whoever sees `all` and a segment sees the difference. #}

{# Whether a number of users is that of a small group. #}
{% macro is_small(users) -%}
    coalesce({{ users }} between 1 and {{ var('small_group') | int - 1 }}, false)
{%- endmacro %}


{# Whether any of these counts is of a small group. #}
{% macro any_is_small(counts) -%}
    ({%- for users in counts %}{{ is_small(users) }}{{ ' or ' if not loop.last }}{% endfor -%})
{%- endmacro %}


{# A count of `all` less that of the row's segment, for the same `keys`; 0 where `all` has no such row. #}
{% macro of_the_rest(column, keys) -%}
    coalesce(
        max(case when segment_id = 'all' then {{ column }} end)
            over (partition by workspace_id{% for key in keys %}, {{ key }}{% endfor %})
        - {{ column }},
        0
    )
{%- endmacro %}


{# The next greater number of users than that of the row in a chain of groups, each within the one before: the difference
   of two shown groups of a chain is a group too. #}
{% macro next_larger(users, keys) -%}
    min({{ users }}) over (
        partition by {{ keys | join(', ') }}
        order by {{ users }}
        range between 1 following and unbounded following
    )
{%- endmacro %}


{# The rows of a mart by segment and timeframe whose report is shown, with group_users (the column `users`), rest_users (those
   of `all` that are not in the segment) and is_exposed: whether all but a small group of the active users are in the row. #}
{% macro cells_of_reports(mart, users, keys) -%}
    select
        cells.*,
        coalesce(
            {{ is_small('reports.active_users - cells.group_users') }}
            or {{ is_small('reports.rest_active_users - cells.rest_users') }},
            false
        ) as is_exposed
    from (
        select
            *,
            {{ users }} as group_users,
            {{ of_the_rest(users, ['timeframe'] + keys) }} as rest_users
        from {{ ref(mart) }}
    ) as cells
    inner join {{ ref('int_safe_reports') }} as reports
        on cells.workspace_id = reports.workspace_id
            and cells.segment_id = reports.segment_id
            and cells.timeframe = reports.timeframe
{%- endmacro %}


{# The rows of `relation` with is_hidden. A small row is hidden, and so is one that is `exposed`. Since the total is published,
   the hidden rows of a group of siblings could be had together by subtraction: the next smallest are hidden with them
   until two or more rows with users are hidden and they are no small group together.

   `siblings` name the group, `cells` the row within it. Users of rows that are disjoint add up; of rows that overlap, the
   largest is what is sure. `relation` has group_users, rest_users and those columns. #}
{% macro hidden_rows(relation, siblings, cells, are_disjoint, exposed='is_exposed') -%}
    {%- set least = var('small_group') | int -%}
    {%- set together = 'sum' if are_disjoint else 'max' -%}
    select
        summed.*,
        summed.small_rows > 0
        and summed.size_rank <= coalesce(
            min(case when summed.is_enough then summed.size_rank end) over (partition by {{ siblings | join(', ') }}),
            summed.size_rank
        ) as is_hidden
    from (
        select
            held.*,
            held.size_rank >= held.small_rows
            and held.held_rows >= 2
            and (held.held_users = 0 or held.held_users >= {{ least }})
            and (held.held_rest_users = 0 or held.held_rest_users >= {{ least }}) as is_enough
        from (
            select
                ranked.*,
                count(case when ranked.group_users > 0 then 1 end) over rows_so_far as held_rows,
                {{ together }}(ranked.group_users) over rows_so_far as held_users,
                {{ together }}(ranked.rest_users) over rows_so_far as held_rest_users
            from (
                select
                    judged.*,
                    sum(case when judged.is_small_row then 1 else 0 end)
                        over (partition by {{ siblings | join(', ') }}) as small_rows,
                    row_number() over (
                        partition by {{ siblings | join(', ') }}
                        order by
                            case when judged.is_small_row then 0 when judged.group_users > 0 then 1 else 2 end,
                            judged.group_users
                            {%- for cell in cells -%}
                            , {{ byte_order('cast(judged.' ~ cell ~ ' as text)') }}
                            {%- endfor %}
                    ) as size_rank
                from (
                    select
                        small_groups.*,
                        {{ exposed }}
                        or {{ is_small('small_groups.group_users') }}
                        or {{ is_small('small_groups.rest_users') }} as is_small_row
                    from {{ relation }} as small_groups
                ) as judged
            ) as ranked
            window rows_so_far as (
                partition by {{ siblings | join(', ') }}
                order by ranked.size_rank
                rows between unbounded preceding and current row
            )
        ) as held
    ) as summed
{%- endmacro %}


{# The same for rows by segment: what is hidden of `all` is hidden of every segment, so that the rest has no other hidden
   rows than the segment. `siblings` are named besides workspace_id and segment_id. #}
{% macro hidden_rows_of_segments(relation, siblings, cells, are_disjoint) -%}
    {%- set group = ['workspace_id', 'segment_id'] + siblings %}
    with

    rows_of_all as (

        select
            *,
            false as is_hidden_for_all
        from {{ relation }}
        where segment_id = 'all'

    ),

    judged_rows_of_all as (

        {{ hidden_rows('rows_of_all', group, cells, are_disjoint) }}

    ),

    rows_of_segments as (

        select
            rows_by_segment.*,
            coalesce(judged_rows_of_all.is_hidden, false) as is_hidden_for_all
        from {{ relation }} as rows_by_segment
        left join judged_rows_of_all
            on rows_by_segment.workspace_id = judged_rows_of_all.workspace_id
                {%- for key in siblings + cells %}
                and rows_by_segment.{{ key }} = judged_rows_of_all.{{ key }}
                {%- endfor %}
        where rows_by_segment.segment_id <> 'all'

    ),

    judged_rows_of_segments as (

        {{ hidden_rows('rows_of_segments', group, cells, are_disjoint, exposed='(is_exposed or is_hidden_for_all)') }}

    )

    select * from judged_rows_of_all
    union all
    select * from judged_rows_of_segments
{%- endmacro %}


{# A whole model: the rows of a mart by segment and timeframe that are shown, of which one user may be in several.
   `siblings` are the columns besides the report that name a group of rows, `cells` those of the row within it, `measures`
   the other columns. #}
{% macro shown_rows_of_reports(mart, users, siblings, cells, measures) -%}
    with

    cells as (

        {{ cells_of_reports(mart, users, siblings + cells) }}

    ),

    judged_cells as (

        {{ hidden_rows_of_segments('cells', ['timeframe'] + siblings, cells, are_disjoint=false) }}

    )

    select
        workspace_id,
        segment_id,
        timeframe,
        {{ (siblings + cells + measures) | join(',\n        ') }}
    from judged_cells
    where not is_hidden
        and group_users > 0
{%- endmacro %}


{# Which classes of growth accounting are hidden, of rows by segment and `keys`: the keys, are_new_hidden,
   are_returning_hidden, are_reactivated_hidden, are_churned_hidden.

   Active users are new, returning and reactivated ones; those of the period before are returning and churned ones. So the
   first three are siblings, and churned users are hidden wherever returning ones are. `relation` has the four counts. #}
{% macro hidden_growth(relation, keys) -%}
    {%- set classes = ['new_users', 'returning_users', 'reactivated_users'] %}
    with

    growth_of_rests as (

        select
            *,
            {%- for class in classes + ['churned_users'] %}
            {{ of_the_rest(class, keys) }} as rest_{{ class }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ relation }}

    ),

    classes as (
        {% for class in classes %}
        select
            workspace_id,
            segment_id,
            {%- for key in keys %}
            {{ key }},
            {%- endfor %}
            '{{ class }}' as class,
            {{ class }} as group_users,
            rest_{{ class }} as rest_users,
            {%- if class == 'returning_users' %}
            (returning_users > 0 and {{ is_small('churned_users') }})
            or (rest_returning_users > 0 and {{ is_small('rest_churned_users') }}) as is_exposed,
            {%- else %}
            false as is_exposed,
            {%- endif %}
            {{ is_small('churned_users') }} or {{ is_small('rest_churned_users') }} as are_few_churned
        from growth_of_rests
        {{- '\n\n        union all\n' if not loop.last }}
        {%- endfor %}

    ),

    judged_classes as (

        {{ hidden_rows_of_segments('classes', keys, ['class'], are_disjoint=true) }}

    )

    select
        workspace_id,
        segment_id,
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        max(case when is_hidden and class = 'new_users' then 1 else 0 end) = 1 as are_new_hidden,
        max(case when is_hidden and class = 'returning_users' then 1 else 0 end) = 1 as are_returning_hidden,
        max(case when is_hidden and class = 'reactivated_users' then 1 else 0 end) = 1 as are_reactivated_hidden,
        max(case when are_few_churned or (is_hidden and class = 'returning_users') then 1 else 0 end) = 1
            as are_churned_hidden
    from judged_classes
    group by workspace_id, segment_id{% for key in keys %}, {{ key }}{% endfor %}
{%- endmacro %}
