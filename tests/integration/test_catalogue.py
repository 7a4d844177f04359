"""Every table and column that the contract names for what is built, and no other."""

import json

import pytest

from orchestration.project import safe_marts

KEYS_OF_REPORTS = ("workspace_id", "segment_id", "timeframe")
WITHOUT_TIMEFRAME = ("rpt_churn_risk", "rpt_stickiness")
CONTRACT = {
    "dim_workspaces": "workspace_id workspace_name timezone first_activity_date as_of_date users",
    "dim_users": "workspace_id user_key signup_date first_active_date last_active_date days_since_first_active"
    " days_since_last_active lifetime_days active_days_30 sessions_30 events_30 features_used_30 revenue_total"
    " device_type browser os country_code lifecycle_status lifecycle_order engagement_score risk_state risk_order"
    " churn_probability",
    "dim_features": "workspace_id feature_name category is_in_catalogue first_used_date last_used_date",
    "dim_segments": "workspace_id segment_id segment_name segment_type criteria characteristics users avg_engagement"
    " avg_revenue created_at updated_at",
    "bridge_user_segments": "workspace_id segment_id user_key",
    "fct_sessions": "session_id workspace_id user_key session_date started_at ended_at duration_seconds length_bucket"
    " length_bucket_order"
    " events page_views feature_uses entry_page exit_page device_type browser os country_code is_bounce"
    " is_bot is_anomalous",
    "fct_user_days": "workspace_id user_key activity_date events sessions page_views feature_uses revenue",
    "fct_activity_daily": "workspace_id activity_date dau wau mau events sessions bot_events is_complete",
    "fct_growth_periods": "workspace_id grain period_start active_users new_users returning_users reactivated_users"
    " churned_users is_complete",
    "fct_growth_rolling": "workspace_id window_days activity_date active_users new_users returning_users"
    " reactivated_users churned_users",
    "fct_activity_hourly": "workspace_id activity_date hour_of_day active_users sessions events",
    "fct_feature_usage_daily": "workspace_id activity_date feature_name category usage_count unique_users"
    " seconds_spent"
    " timed_uses",
    "fct_restatements": "publication_id run_at workspace_id measure grain period_start period_number old_value"
    " new_value value_change old_cohort_users new_cohort_users",
    "fct_restatement_lateness": "publication_id run_at workspace_id lateness_bucket bucket_order loaded_rows",
    "fct_restatement_sessions": "publication_id run_at workspace_id sessions_before sessions_added sessions_retired"
    " sessions_merged sessions_split sessions_after",
    "fct_cohort_retention": "workspace_id grain cohort_start period_number cohort_users retained_users"
    " retained_on_or_after_users retention_rate is_mature",
    "rpt_activity": "as_of_date dau wau mau dau_change wau_change mau_change new_users returning_users "
    "reactivated_users churned_users avg_sessions_per_user avg_session_seconds bounce_rate engagement_score"
    " engagement_change",
    "rpt_activity_by_date": "activity_date active_users sessions events",
    "rpt_activity_by_hour": "hour_of_day active_users sessions events",
    "rpt_activity_by_weekday": "iso_weekday active_users sessions events",
    "rpt_sessions": "sessions avg_seconds median_seconds",
    "rpt_session_breakdown": "dimension value value_order users sessions share",
    "rpt_features": "feature_name category usage_count unique_users avg_time_spent adoption_rate active_adoption_rate"
    " retention_rate trend trend_order usage_rank is_unused last_used_date",
    "rpt_adoption_funnel": "stage_order stage users dropoff_rate",
    "rpt_paths": "path_rank path frequency users avg_completion",
    "rpt_path_steps": "path_rank step page reached dropoff_rate",
    "rpt_page_flows": "step from_page to_page sessions users",
    "rpt_entry_pages": "page sessions users bounce_rate",
    "rpt_exit_pages": "page sessions users avg_seconds_before_exit",
    "rpt_conversion_paths": "goal_name path_rank path conversions users conversion_rate",
    "rpt_retention_curve": "day eligible_users retained_users retention_rate",
    "rpt_cohorts": "cohort_start cohort_users day1 day7 day14 day30 day60 day90",
    "rpt_churn": "churned_users churn_rate avg_lifetime_days",
    "rpt_churn_risk": "risk_state risk_order users churn_probability sample_size characteristics",
}
# Described in docs/metrics, in the contract's style.
BEYOND_THE_CONTRACT = {
    "fct_session_goals": "workspace_id user_key session_id goal_name session_date page_1 page_2 page_3 page_4 page_5",
    "fct_session_paths": "workspace_id user_key session_id session_date steps page_1 page_2 page_3 page_4 page_5"
    " exit_page seconds_before_exit",
    "fct_session_steps": "workspace_id user_key session_id session_date step page viewed_at",
    "fct_user_engagement": "workspace_id user_key timeframe engagement_score earlier_engagement_score"
    " engagement_change",
    "fct_user_feature_days": "workspace_id user_key activity_date feature_name usage_count seconds_spent timed_uses",
    "fct_user_hours": "workspace_id user_key activity_date hour_of_day events sessions",
    "rpt_funnels": "funnel_name step step_name users step_rate conversion_rate median_seconds is_mature",
    "rpt_retention_brackets": "first_day last_day eligible_users retained_users retention_rate",
    "rpt_stickiness": "active_days users share active_users",
}
TABLES = CONTRACT | BEYOND_THE_CONTRACT
# A rate stands beside its parts (contract section 8).
PARTS = ("_numerator", "_denominator")
# Of these tables marts_safe has no rows or columns (docs/access.md).
NOT_SAFE = {
    "bridge_user_segments",
    "dim_users",
    "fct_activity_hourly",
    "fct_feature_usage_daily",
    "fct_restatement_lateness",
    "fct_restatement_sessions",
    "fct_restatements",
    "fct_session_goals",
    "fct_session_paths",
    "fct_session_steps",
    "fct_sessions",
    "fct_user_days",
    "fct_user_engagement",
    "fct_user_feature_days",
    "fct_user_hours",
    "rpt_cohorts",
    "rpt_page_flows",
    "rpt_path_steps",
    "rpt_paths",
    "rpt_retention_curve",
}


@pytest.fixture(scope="module")
def columns(parsed_project) -> dict[str, dict]:
    """Column name -> its yml entry, by published table."""
    nodes = json.loads((parsed_project / "manifest.json").read_bytes())["nodes"].values()
    return {
        node["name"]: node["columns"] for node in nodes if node["resource_type"] == "model" and "mart" in node["tags"]
    }


def named_columns(table: str) -> set[str]:
    columns = {*TABLES[table].split(), *(KEYS_OF_REPORTS if table.startswith("rpt_") else ())}
    if table in WITHOUT_TIMEFRAME:
        columns.remove("timeframe")
    return columns | {f"{rate}{part}" for rate in columns if rate.endswith("_rate") for part in PARTS}


def test_published_tables_are_those_that_are_named(columns):
    assert set(columns) == set(TABLES)


def test_safe_tables_are_all_but_those_that_are_named(parsed_project):
    assert {mart.name for mart in safe_marts(parsed_project / "manifest.json")} == set(TABLES) - NOT_SAFE


@pytest.mark.parametrize("table", sorted(TABLES))
def test_columns_are_those_that_are_named_and_described(table, columns):
    assert set(columns[table]) == named_columns(table)
    assert all(column["description"] and column["data_type"] for column in columns[table].values())
