{{ config(meta={'dagster': {'ref': {'name': 'safe_rpt_activity'}}}) }}

{%- set counts = {
    'safe_dim_workspaces': ['users'],
    'safe_dim_segments': ['users'],
    'safe_fct_activity_daily': ['dau'],
    'safe_fct_growth_periods': ['active_users', 'new_users', 'returning_users', 'reactivated_users', 'churned_users'],
    'safe_fct_growth_rolling': ['active_users', 'new_users', 'returning_users', 'reactivated_users', 'churned_users'],
    'safe_fct_cohort_retention': ['cohort_users', 'retained_users', 'cohort_users - retained_users'],
    'safe_rpt_activity': [
        'active_users', 'dau', 'wau', 'mau', 'new_users', 'returning_users', 'reactivated_users', 'churned_users',
        'mau - wau', 'mau - dau', 'wau - dau',
    ],
    'safe_rpt_activity_by_date': ['active_users'],
    'safe_rpt_activity_by_hour': ['active_users'],
    'safe_rpt_activity_by_weekday': ['active_users'],
    'safe_rpt_adoption_funnel': ['users', 'dropoff_rate_numerator', 'dropoff_rate_denominator'],
    'safe_rpt_churn': ['churned_users', 'churn_rate_denominator'],
    'safe_rpt_churn_risk': ['users'],
    'safe_rpt_conversion_paths': ['users'],
    'safe_rpt_entry_pages': ['users'],
    'safe_rpt_exit_pages': ['users'],
    'safe_rpt_features': [
        'unique_users', 'adoption_rate_denominator', 'retention_rate_numerator', 'retention_rate_denominator',
        'adoption_rate_denominator - unique_users', 'active_adoption_rate_denominator - unique_users',
        'retention_rate_denominator - retention_rate_numerator',
    ],
    'safe_rpt_funnels': ['users', 'step_rate_denominator - step_rate_numerator'],
    'safe_rpt_retention_brackets': ['eligible_users', 'retained_users', 'eligible_users - retained_users'],
    'safe_rpt_session_breakdown': ['users'],
    'safe_rpt_stickiness': ['users', 'active_users'],
} -%}

-- Every number of users of marts_safe, and every difference within a row.
{%- for model, columns in counts.items() %}
select
    workspace_id,
    '{{ model }}' as table_name,
    count(*) as small_groups
from {{ ref(model) }}
where {{ any_is_small(columns) }}
group by workspace_id
{{ 'union all' if not loop.last }}
{%- endfor %}
