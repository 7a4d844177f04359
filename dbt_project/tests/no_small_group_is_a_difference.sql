{{ config(meta={'dagster': {'ref': {'name': 'safe_rpt_activity'}}}) }}

{#- Of a table by segment and timeframe: the users of a row, and the other columns of its key. -#}
{%- set tables = {
    'safe_rpt_activity_by_date': ['active_users', ['activity_date']],
    'safe_rpt_activity_by_hour': ['active_users', ['hour_of_day']],
    'safe_rpt_activity_by_weekday': ['active_users', ['iso_weekday']],
    'safe_rpt_adoption_funnel': ['users', ['stage_order']],
    'safe_rpt_conversion_paths': ['users', ['goal_name', 'path']],
    'safe_rpt_entry_pages': ['users', ['page']],
    'safe_rpt_exit_pages': ['users', ['page']],
    'safe_rpt_features': ['unique_users', ['feature_name']],
    'safe_rpt_funnels': ['users', ['funnel_name', 'step']],
    'safe_rpt_session_breakdown': ['users', ['dimension', 'value']],
} -%}
with

-- All less a segment, and the active users of the timeframe less a row.
cells as (
    {% for model, (users, keys) in tables.items() %}
    select
        cells.workspace_id,
        cells.segment_id,
        cells.timeframe,
        '{{ model }}' as table_name,
        {{ 'cells.users' if users == 'users' else 'cells.' ~ users ~ ' as users' }},
        {{ 'true' if model != 'safe_rpt_adoption_funnel' else 'cells.stage_order > 1' }} as is_of_active_users,
        max(case when cells.segment_id = 'all' then cells.{{ users }} end) over (
            partition by cells.workspace_id, cells.timeframe, {{ keys | join(', ') }}
        ) as users_of_all
    from {{ ref(model) }} as cells
    {{- '\n\n    union all\n' if not loop.last }}
    {%- endfor %}

),

differences as (

    select
        cells.workspace_id,
        cells.table_name,
        cells.users_of_all - cells.users as users
    from cells

    union all

    select
        cells.workspace_id,
        cells.table_name,
        activity.active_users - cells.users as users
    from cells
    inner join {{ ref('safe_rpt_activity') }} as activity
        on cells.workspace_id = activity.workspace_id
            and cells.segment_id = activity.segment_id
            and cells.timeframe = activity.timeframe
    where cells.is_of_active_users

    union all

    -- What a total leaves over when every row that is shown is taken off.
    select
        workspace_id,
        'safe_rpt_stickiness' as table_name,
        max(active_users) - sum(coalesce(users, 0)) as users
    from {{ ref('safe_rpt_stickiness') }}
    group by workspace_id, segment_id

    union all

    select
        risk.workspace_id,
        'safe_rpt_churn_risk' as table_name,
        max(activity.mau) - sum(coalesce(risk.users, 0)) as users
    from {{ ref('safe_rpt_churn_risk') }} as risk
    inner join {{ ref('safe_rpt_activity') }} as activity
        on risk.workspace_id = activity.workspace_id
            and risk.segment_id = activity.segment_id
            and activity.timeframe = '30d'
    group by risk.workspace_id, risk.segment_id

    union all

    {% for model in ['safe_rpt_activity', 'safe_fct_growth_rolling', 'safe_fct_growth_periods'] -%}
    select
        workspace_id,
        '{{ model }}' as table_name,
        active_users - coalesce(new_users, 0) - coalesce(returning_users, 0) - coalesce(reactivated_users, 0) as users
    from {{ ref(model) }}

    union all

    {% endfor -%}
    -- Who has a session counts at least once: few sessions have few users.
    select
        breakdown.workspace_id,
        'safe_rpt_session_breakdown' as table_name,
        max(sessions.sessions) - sum(breakdown.sessions) as users
    from {{ ref('safe_rpt_session_breakdown') }} as breakdown
    inner join {{ ref('safe_rpt_sessions') }} as sessions
        on breakdown.workspace_id = sessions.workspace_id
            and breakdown.segment_id = sessions.segment_id
            and breakdown.timeframe = sessions.timeframe
    group by breakdown.workspace_id, breakdown.segment_id, breakdown.timeframe, breakdown.dimension

)

select
    workspace_id,
    table_name,
    users
from differences
where {{ is_small('users') }}
