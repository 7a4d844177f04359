{# On which days how many users come into a class of growth accounting over trailing days, or leave it: workspace_id,
   window_days, class (active, new, returning, reactivated, churned), edge_date, users_change. The sum up to a day is who
   is in the class on it. `active_days` has the columns of int_active_days. #}
{% macro window_edges(active_days) -%}
    with

    windows as (

        {{ growth_windows() }}

    ),

    -- Users with the same days before and after count alike: one row for all of them.
    day_gaps as (

        select
            workspace_id,
            activity_date,
            previous_active_date,
            next_active_date,
            count(*) as users
        from {{ active_days }}
        group by workspace_id, activity_date, previous_active_date, next_active_date

    ),

    gaps_by_window as (

        select
            day_gaps.*,
            windows.window_days
        from day_gaps
        cross join windows

    ),

    -- The days on which the trailing window W0 (and W1 before it) puts these users into a class: from, until (exclusive).
    active_spans as (

        select
            workspace_id,
            window_days,
            users,
            'active' as class,
            activity_date as counts_from,
            least({{ add_days('activity_date', 'window_days') }}, next_active_date) as counts_until
        from gaps_by_window

    ),

    new_spans as (

        select
            workspace_id,
            window_days,
            users,
            'new' as class,
            activity_date as counts_from,
            {{ add_days('activity_date', 'window_days') }} as counts_until
        from gaps_by_window
        where previous_active_date is null

    ),

    returning_spans as (

        select
            workspace_id,
            window_days,
            users,
            'returning' as class,
            greatest(activity_date, {{ add_days('previous_active_date', 'window_days') }}) as counts_from,
            least(
                {{ add_days('activity_date', 'window_days') }},
                {{ add_days('previous_active_date', '2 * window_days') }}
            ) as counts_until
        from gaps_by_window
        where previous_active_date is not null

    ),

    reactivated_spans as (

        select
            workspace_id,
            window_days,
            users,
            'reactivated' as class,
            greatest(activity_date, {{ add_days('previous_active_date', '2 * window_days') }}) as counts_from,
            {{ add_days('activity_date', 'window_days') }} as counts_until
        from gaps_by_window
        where previous_active_date is not null

    ),

    churned_spans as (

        select
            workspace_id,
            window_days,
            users,
            'churned' as class,
            {{ add_days('activity_date', 'window_days') }} as counts_from,
            least({{ add_days('activity_date', '2 * window_days') }}, next_active_date) as counts_until
        from gaps_by_window

    ),

    spans as (

        select * from active_spans
        union all
        select * from new_spans
        union all
        select * from returning_spans
        union all
        select * from reactivated_spans
        union all
        select * from churned_spans

    )

    select
        workspace_id,
        window_days,
        class,
        counts_from as edge_date,
        users as users_change
    from spans
    where counts_from < counts_until

    union all

    select
        workspace_id,
        window_days,
        class,
        counts_until as edge_date,
        -users as users_change
    from spans
    where counts_from < counts_until
{%- endmacro %}


{# Users of each period of a grain by class, and of them those who are not there in the next one (leaving_users).
   `user_periods` has the columns of int_user_periods. #}
{% macro period_counts(user_periods) -%}
    select
        workspace_id,
        grain,
        period_index,
        count(*) as active_users,
        count(case when previous_period_index is null then 1 end) as new_users,
        count(case when previous_period_index = period_index - 1 then 1 end) as returning_users,
        count(case when previous_period_index < period_index - 1 then 1 end) as reactivated_users,
        count(case when next_period_index is null or next_period_index > period_index + 1 then 1 end) as leaving_users
    from {{ user_periods }}
    group by workspace_id, grain, period_index
{%- endmacro %}


{# Users of each cohort that were active in a period after it (period_number 0: the cohort's own), and those for whom it
   was the last one (last_seen_users); who was seen later than what is shown counts as last seen at its end. `user_periods`
   has the columns of int_user_periods. #}
{% macro cohort_counts(user_periods) -%}
    select
        user_periods.workspace_id,
        user_periods.grain,
        user_periods.first_period_index as cohort_index,
        least(user_periods.period_index - user_periods.first_period_index, grains.last_period_number) as period_number,
        count(
            case
                when user_periods.period_index - user_periods.first_period_index <= grains.last_period_number then 1
            end
        ) as retained_users,
        count(case when user_periods.next_period_index is null then 1 end) as last_seen_users
    from {{ user_periods }} as user_periods
    inner join ({{ cohort_grains() }}) as grains on user_periods.grain = grains.grain
    group by
        user_periods.workspace_id,
        user_periods.grain,
        user_periods.first_period_index,
        least(user_periods.period_index - user_periods.first_period_index, grains.last_period_number)
{%- endmacro %}


{# A row per grain of cohorts: grain, last_period_number (contract section 7). #}
{% macro cohort_grains() -%}
    select
        'day' as grain,
        90 as last_period_number
    union all
    select
        'week' as grain,
        52 as last_period_number
    union all
    select
        'month' as grain,
        24 as last_period_number
{%- endmacro %}


{# The last day of each workspace with numbers of users whose rows are gone: expired_until. What counts single users
   counts those who are there, so from later days on only do their numbers agree with the aggregates. #}
{% macro expired_dates() -%}
    select
        workspace_id,
        max(activity_date) as expired_until
    from {{ source('ops', 'expired_days') }}
    group by workspace_id
{%- endmacro %}
