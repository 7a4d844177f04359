"""Features: the catalogue, daily usage, the report of a timeframe and the adoption funnel (section 5)."""

from collections.abc import Iterable
from datetime import date, timedelta

from . import values
from .activity import total
from .events import Event
from .workspaces import Workspace, grouped

UNCATEGORIZED = "Uncategorized"
STAGES = ("Known", "Active in timeframe", "Used any feature", "Repeated a feature", "Habitual")


def category_of(uses: Iterable[Event], from_catalogue: str | None) -> str:
    """The latest non-null metadata.category, else the catalogue's, else Uncategorized. `uses` are in order."""
    said = [event.category for event in uses if event.category is not None]
    return said[-1] if said else from_catalogue or UNCATEGORIZED


def uses_by_feature(events: Iterable[Event]) -> dict[str, list[Event]]:
    return grouped([event for event in events if event.feature_name], lambda event: event.feature_name)


def dim_features(workspace: Workspace) -> list[dict]:
    """Features in the catalogue or used by as_of_date."""
    uses = uses_by_feature(workspace.events_in(date.min, workspace.as_of_date))
    return [
        {
            "workspace_id": workspace.workspace_id,
            "feature_name": name,
            "category": category_of(uses.get(name, []), workspace.catalogue.get(name)),
            "is_in_catalogue": name in workspace.catalogue,
            "first_used_date": min((event.activity_date for event in uses.get(name, [])), default=None),
            "last_used_date": max((event.activity_date for event in uses.get(name, [])), default=None),
        }
        for name in sorted({*workspace.catalogue, *uses})
    ]


def usage_daily(workspace: Workspace) -> list[dict]:
    """fct_feature_usage_daily, later days included. The category is the feature's, whatever the day."""
    rows = []
    for name, uses in uses_by_feature(workspace.events).items():
        category = category_of(uses, workspace.catalogue.get(name))
        for day, events in grouped(uses, lambda event: event.activity_date).items():
            timed = [event.seconds_spent for event in events if event.seconds_spent is not None]
            rows.append(
                {
                    "workspace_id": workspace.workspace_id,
                    "activity_date": day,
                    "feature_name": name,
                    "category": category,
                    "usage_count": len(events),
                    "unique_users": len({event.user_key for event in events}),
                    "seconds_spent": total(timed),
                    "timed_uses": len(timed),
                }
            )
    return rows


def user_feature_days(workspace: Workspace) -> list[dict]:
    """fct_user_feature_days, later days included."""
    uses_of = grouped(
        [event for event in workspace.events if event.feature_name],
        lambda event: (event.user_key, event.activity_date, event.feature_name),
    )
    rows = []
    for (user, day, name), uses in uses_of.items():
        timed = [event.seconds_spent for event in uses if event.seconds_spent is not None]
        rows.append(
            {
                "workspace_id": workspace.workspace_id,
                "user_key": user,
                "activity_date": day,
                "feature_name": name,
                "usage_count": len(uses),
                "seconds_spent": total(timed),
                "timed_uses": len(timed),
            }
        )
    return rows


def feature_report(workspace: Workspace, first: date, last: date) -> list[dict]:
    """rpt_features: features in the catalogue or ever used, ranked by usage, then by name.

    A segment has the features and categories of the whole workspace; all else, last_used_date too, is its members'.
    """
    length = last - first + timedelta(days=1)
    uses_now = uses_by_feature(workspace.events_in(first, last))
    uses_before = uses_by_feature(workspace.events_in(first - length, first - timedelta(days=1)))
    active = workspace.active_users(first, last)
    uses_ever = uses_by_feature(workspace.events_in(date.min, last))
    rows = []
    for feature in dim_features(workspace.everybody):
        name = feature["feature_name"]
        uses, before = uses_now.get(name, []), uses_before.get(name, [])
        users, users_before = {e.user_key for e in uses}, {e.user_key for e in before}
        timed = [event.seconds_spent for event in uses if event.seconds_spent is not None]
        rows.append(
            {
                "feature_name": name,
                "category": feature["category"],
                "usage_count": len(uses),
                "unique_users": len(users),
                "avg_time_spent": values.rounded(values.mean(total(timed), len(timed))),
                **values.rate("adoption_rate", len(users), len(workspace.known_users)),
                **values.rate("active_adoption_rate", len(users), len(active)),
                **values.rate("retention_rate", len(users & users_before), len(users_before)),
                "trend": trend(len(uses), len(before)),
                "is_unused": not uses,
                "last_used_date": max((event.activity_date for event in uses_ever.get(name, [])), default=None),
            }
        )
    rows.sort(key=lambda row: (-row["usage_count"], row["feature_name"]))
    return [row | {"usage_rank": rank} for rank, row in enumerate(rows, start=1)]


def trend(now: int, before: int) -> str:
    """The ±10 % words, on whole numbers so that exactly 10 % is stable."""
    if before == 0:
        return "increasing" if now else "stable"
    if 10 * now > 11 * before:
        return "increasing"
    return "decreasing" if 10 * now < 9 * before else "stable"


def adoption_funnel(workspace: Workspace, first: date, last: date) -> list[dict]:
    """rpt_adoption_funnel."""
    uses = [event for event in workspace.events_in(first, last) if event.feature_name]
    active = workspace.active_users(first, last)
    stages = (
        workspace.known_users,
        active,
        {event.user_key for event in uses},
        users_who(repeated, uses),
        users_who(habitual_over_a_week if (last - first).days + 1 == 7 else habitual, uses),
    )
    rows = []
    for order, (stage, users) in enumerate(zip(STAGES, stages, strict=True), start=1):
        before = rows[-1]["users"] if rows else None
        lost = before - len(users) if rows else None
        row = {"stage_order": order, "stage": stage, "users": len(users)}
        rows.append(row | values.rate("dropoff_rate", lost, before))
    return rows


def users_who(does, uses: list[Event]) -> set[str]:
    """Users whose days with some one feature satisfy `does`."""
    by_user_and_feature = grouped(uses, lambda event: (event.user_key, event.feature_name))
    return {user for (user, _), events in by_user_and_feature.items() if does({e.activity_date for e in events})}


def repeated(days: set[date]) -> bool:
    return len(days) >= 2


def habitual(days: set[date]) -> bool:
    return len({day.isocalendar()[:2] for day in days}) >= 3


def habitual_over_a_week(days: set[date]) -> bool:
    return len(days) >= 3
