{# The first `limit` paths by sessions of each segment, timeframe and `keys`: workspace_id, segment_id, timeframe, the columns
   of `keys`, path, page_1 to page_5, sessions, users, path_rank.

   Most paths are taken once, so counting each by segment and timeframe costs more than all the rest. A path of one session
   counts 1 wherever it counts: only the first `limit` of those with the same set of segments and days can have a rank.

   `relation` is a CTE with one row per session and `keys`: workspace_id, user_key, session_date, the columns of `keys`,
   page_1 to page_5. #}
{% macro ranked_paths(relation, limit, keys=[]) -%}
    {%- set pages = ['page_1', 'page_2', 'page_3', 'page_4', 'page_5'] %}
    {%- set path = keys + pages %}
    {%- set path_text = joined_path(
        "page_1", "nullif(page_2, '')", "nullif(page_3, '')", "nullif(page_4, '')", "nullif(page_5, '')"
    ) %}
    {%- set path_order -%}
        {{ byte_order('path') }}, {{ byte_order('page_1') }}, {{ byte_order('page_2') }}, {{ byte_order('page_3') }},
        {{ byte_order('page_4') }}
    {%- endset %}
    with

    days_of_reports as (

        select
            workspace_id,
            min(starts_on) as starts_on,
            max(ends_on) as ends_on
        from {{ ref('int_timeframes') }}
        group by workspace_id

    ),

    -- No page is an empty text, so that two paths are equal when their pages are.
    sessions_with_path as (

        select
            sessions.workspace_id,
            sessions.user_key,
            sessions.session_date,
            {%- for key in keys %}
            sessions.{{ key }},
            {%- endfor %}
            {%- for number in range(1, 6) %}
            coalesce(sessions.page_{{ number }}, '') as page_{{ number }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ relation }} as sessions
        inner join days_of_reports
            on sessions.workspace_id = days_of_reports.workspace_id
                and sessions.session_date between days_of_reports.starts_on and days_of_reports.ends_on

    ),

    all_paths as (

        select
            workspace_id,
            {{ path | join(', ') }},
            count(*) as sessions,
            min(user_key) as user_key,
            min(session_date) as session_date
        from sessions_with_path
        group by workspace_id, {{ path | join(', ') }}

    ),

    lone_paths as (

        select
            all_paths.*,
            users.segment_set,
            {{ shortest_timeframe('all_paths.session_date', 'days_of_reports.ends_on') }} as timeframe_days,
            {{ path_text }} as path
        from all_paths
        inner join days_of_reports on all_paths.workspace_id = days_of_reports.workspace_id
        inner join {{ ref('int_user_segment_sets') }} as users on all_paths.user_key = users.user_key
        where all_paths.sessions = 1

    ),

    ranked_lone_paths as (

        select
            *,
            row_number() over (
                partition by workspace_id, segment_set, timeframe_days{% for key in keys %}, {{ key }}{% endfor %}
                order by {{ path_order }}
            ) as lone_rank
        from lone_paths

    ),

    candidates as (

        select
            sessions.workspace_id,
            sessions.user_key,
            sessions.session_date,
            {%- for column in path %}
            sessions.{{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        from sessions_with_path as sessions
        inner join all_paths
            on sessions.workspace_id = all_paths.workspace_id
                {%- for column in path %}
                and sessions.{{ column }} = all_paths.{{ column }}
                {%- endfor %}
        where all_paths.sessions > 1

        union all

        select
            workspace_id,
            user_key,
            session_date,
            {{ path | join(', ') }}
        from ranked_lone_paths
        where lone_rank <= {{ limit }}

    ),

    totals as (

        {{ session_totals('candidates', keys=path) }}

    ),

    -- Paths that count more, beside those that count the same: only where fewer than `limit` do, a path can have a rank.
    counts as (

        select
            workspace_id,
            segment_id,
            timeframe,
            {%- for key in keys %}
            {{ key }},
            {%- endfor %}
            sessions,
            sum(count(*)) over (
                partition by workspace_id, segment_id, timeframe{% for key in keys %}, {{ key }}{% endfor %}
                order by sessions desc
            ) - count(*) as paths_that_count_more
        from totals
        group by workspace_id, segment_id, timeframe{% for key in keys %}, {{ key }}{% endfor %}, sessions

    ),

    named_totals as (

        select
            totals.*,
            {{ path_text }} as path
        from totals
        inner join counts
            on totals.workspace_id = counts.workspace_id
                and totals.segment_id = counts.segment_id
                and totals.timeframe = counts.timeframe
                {%- for key in keys %}
                and totals.{{ key }} = counts.{{ key }}
                {%- endfor %}
                and totals.sessions = counts.sessions
        where counts.paths_that_count_more < {{ limit }}

    ),

    ranks as (

        select
            *,
            cast(row_number() over (
                partition by workspace_id, segment_id, timeframe{% for key in keys %}, {{ key }}{% endfor %}
                order by sessions desc, {{ path_order }}
            ) as integer) as path_rank
        from named_totals

    )

    select
        workspace_id,
        segment_id,
        timeframe,
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        path_rank,
        path,
        {%- for number in range(1, 6) %}
        nullif(page_{{ number }}, '') as page_{{ number }},
        {%- endfor %}
        sessions,
        users
    from ranks
    where path_rank <= {{ limit }}
{%- endmacro %}

