{{ config(meta={'dagster': {'ref': {'name': 'safe_rpt_entry_pages'}}}) }}

{#- Of a mart: the users of a row, the columns that name its siblings, those that tell it from them. -#}
{%- set tables = {
    'rpt_activity_by_hour': ['active_users', ['timeframe'], ['hour_of_day']],
    'rpt_churn_risk': ['users', [], ['risk_state']],
    'rpt_conversion_paths': ['users', ['timeframe', 'goal_name'], ['path']],
    'rpt_entry_pages': ['users', ['timeframe'], ['page']],
    'rpt_exit_pages': ['users', ['timeframe'], ['page']],
    'rpt_session_breakdown': ['users', ['timeframe', 'dimension'], ['value']],
    'rpt_stickiness': ['users', [], ['active_days']],
} -%}
-- Rows with users that the mart has and marts_safe hides, in groups of which something is shown.
{% for mart, (users, siblings, cells) in tables.items() %}
select
    marts.workspace_id,
    '{{ mart }}' as mart,
    count(*) as hidden_rows
from {{ ref(mart) }} as marts
left join {{ ref('safe_' ~ mart) }} as shown
    on marts.workspace_id = shown.workspace_id
        and marts.segment_id = shown.segment_id
        {%- for column in siblings + cells %}
        and marts.{{ column }} = shown.{{ column }}
        {%- endfor %}
where marts.{{ users }} > 0
group by
    {%- for column in siblings %}
    marts.{{ column }},
    {%- endfor %}
    marts.workspace_id,
    marts.segment_id
having count(case when shown.{{ users }} is null then 1 end) = 1
    and count(shown.{{ users }}) > 0
{{ 'union all' if not loop.last }}
{%- endfor %}
