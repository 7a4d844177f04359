"""The entry point: every published table that the oracle knows, from the rows of a landing folder."""

from collections.abc import Callable
from datetime import date, timedelta

from . import activity, churn, cohorts, conversions, features, funnels, growth, journeys, members, reports, users
from .labels import add_orders
from .landing import Landing, Settings
from .sessions import session_row
from .workspaces import Workspace, read_workspaces

TIMEFRAMES = {"7d": 7, "30d": 30, "90d": 90, "365d": 365}
EVERYBODY = "all"

WAREHOUSE_TABLES: dict[str, Callable[[Workspace], list[dict]]] = {
    "dim_workspaces": lambda workspace: [users.dim_workspace(workspace)],
    "dim_users": users.dim_users,
    "fct_sessions": lambda workspace: [session_row(session) for session in workspace.sessions + workspace.bot_sessions],
    "fct_user_days": activity.user_days,
    "fct_activity_daily": activity.activity_daily,
    "fct_growth_periods": growth.growth_periods,
    "fct_growth_rolling": growth.growth_rolling,
    "fct_cohort_retention": cohorts.cohort_retention,
    "dim_features": features.dim_features,
    "fct_activity_hourly": activity.activity_hourly,
    "fct_feature_usage_daily": features.usage_daily,
    "fct_user_hours": activity.user_hours,
    "fct_user_feature_days": features.user_feature_days,
    "fct_user_engagement": lambda workspace: user_engagement(workspace),
    "fct_session_paths": journeys.session_paths,
    "fct_session_steps": journeys.session_steps,
    "fct_session_goals": conversions.session_goals,
}
REPORT_TABLES: dict[str, Callable[[Workspace, date, date], list[dict]]] = {
    "rpt_activity": reports.activity,
    "rpt_activity_by_date": activity.by_date,
    "rpt_activity_by_hour": activity.by_hour,
    "rpt_activity_by_weekday": activity.by_weekday,
    "rpt_sessions": reports.session_lengths,
    "rpt_session_breakdown": reports.session_breakdown,
    "rpt_features": features.feature_report,
    "rpt_adoption_funnel": features.adoption_funnel,
    "rpt_paths": journeys.path_report,
    "rpt_path_steps": journeys.path_steps,
    "rpt_page_flows": journeys.page_flows,
    "rpt_entry_pages": journeys.entry_pages,
    "rpt_exit_pages": journeys.exit_pages,
    "rpt_conversion_paths": conversions.conversion_paths,
    "rpt_retention_curve": cohorts.retention_curve,
    "rpt_retention_brackets": cohorts.retention_brackets,
    "rpt_cohorts": cohorts.cohort_report,
    "rpt_churn": churn.churn_report,
    "rpt_funnels": funnels.funnel_report,
}
REPORT_TABLES_WITHOUT_TIMEFRAME: dict[str, Callable[[Workspace], list[dict]]] = {
    "rpt_churn_risk": churn.churn_risk,
    "rpt_stickiness": activity.stickiness,
}

Tables = dict[str, list[dict]]


def published(landing: Landing, settings: Settings) -> Tables:
    """Table name -> rows, reports of everybody (segment_id `all`) only.

    A row has its key and the columns of section 8, except prose (characteristics) and copies of the input.
    """
    return add_orders(tables_of(read_workspaces(landing, settings)))


def published_with_segments(landing: Landing, settings: Settings) -> Tables:
    """The same, with dim_segments, bridge_user_segments and the reports of each segment beside those of everybody."""
    workspaces = read_workspaces(landing, settings)
    tables = tables_of(workspaces) | {"dim_segments": [], "bridge_user_segments": []}
    for workspace in workspaces:
        for membership in members.memberships(workspace):
            segment_id = settings.segment_id_of(workspace.workspace_id, membership.segment.segment_name)
            key = {"workspace_id": workspace.workspace_id, "segment_id": segment_id}
            tables["dim_segments"].append(key | members.dim_segment(membership))
            tables["bridge_user_segments"] += [key | {"user_key": user} for user in membership.members]
            add_reports(tables, workspace.of_members(set(membership.members)), segment_id)
    return add_orders(tables)


def tables_of(workspaces: list[Workspace]) -> Tables:
    tables: Tables = {name: [] for name in (*WAREHOUSE_TABLES, *REPORT_TABLES, *REPORT_TABLES_WITHOUT_TIMEFRAME)}
    for workspace in workspaces:
        for name, rows_of in WAREHOUSE_TABLES.items():
            tables[name] += rows_of(workspace)
        add_reports(tables, workspace, EVERYBODY)
    return tables


def user_engagement(workspace: Workspace) -> list[dict]:
    """fct_user_engagement: of the workspaces that have reports."""
    if not has_reports(workspace):
        return []
    last = workspace.as_of_date
    return [
        row | {"timeframe": timeframe}
        for timeframe, days in TIMEFRAMES.items()
        for row in reports.user_engagement(workspace, last - timedelta(days=days - 1), last)
    ]


def has_reports(workspace: Workspace) -> bool:
    """Whether an event is not hidden; it may be a bot's or later than as_of_date."""
    return bool(workspace.everybody.events or workspace.everybody.bot_events)


def add_reports(tables: Tables, workspace: Workspace, segment_id: str) -> None:
    """The rows of each timeframe that ends at as_of_date, for every workspace with an event that is not hidden: one
    whose events are all bots' or later than as_of_date reports zeros."""
    if not has_reports(workspace):
        return
    key = {"workspace_id": workspace.workspace_id, "segment_id": segment_id}
    last = workspace.as_of_date
    for name, rows_of_state in REPORT_TABLES_WITHOUT_TIMEFRAME.items():
        tables[name] += [key | row for row in rows_of_state(workspace)]
    for name, rows_of in REPORT_TABLES.items():
        for timeframe, days in TIMEFRAMES.items():
            rows = rows_of(workspace, last - timedelta(days=days - 1), last)
            tables[name] += [key | {"timeframe": timeframe} | row for row in rows]
