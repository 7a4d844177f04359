"""The columns that say in which order labels stand: the place of the label in its list, from 1, null for null."""

from .churn import RISK_STATES
from .sessions import LENGTH_BUCKETS

BUCKETS = tuple(label for _, label in LENGTH_BUCKETS)
LIFECYCLES = ("never_active", "new", "active", "lapsed")
TRENDS = ("increasing", "stable", "decreasing")
# Table: (column of the label, column of its order, labels).
ORDERS = {
    "dim_users": (("lifecycle_status", "lifecycle_order", LIFECYCLES), ("risk_state", "risk_order", RISK_STATES)),
    "fct_sessions": (("length_bucket", "length_bucket_order", BUCKETS),),
    "rpt_churn_risk": (("risk_state", "risk_order", RISK_STATES),),
    "rpt_features": (("trend", "trend_order", TRENDS),),
}


def add_orders(tables: dict[str, list[dict]]) -> dict[str, list[dict]]:
    """The same rows, with the orders of their labels."""
    for name, orders in ORDERS.items():
        for row in tables[name]:
            for label, order, labels in orders:
                row[order] = labels.index(row[label]) + 1 if row[label] is not None else None
    for row in tables["rpt_session_breakdown"]:
        is_bucket = row["dimension"] == "length_bucket"
        row["value_order"] = BUCKETS.index(row["value"]) + 1 if is_bucket else None
    return tables
