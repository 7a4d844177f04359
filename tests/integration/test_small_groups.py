"""marts_safe holds no small group: neither as a number, nor as the difference of numbers.

The attacker below knows only what a reader of marts_safe sees, and how the numbers of the metric contract add up. For
each group of rows whose total is published it tries every difference, for each segment and for the rest of the
workspace, and fills in what one table hides from others that show the same number.
"""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

import pytest

from orchestration.project import ensure_manifest, safe_marts
from tests.pipeline import Pipeline
from warehouse.open import open_warehouse

ENGINES = ("duckdb", "postgres")
K = 5
CLOCK = datetime(2026, 3, 2, 12, tzinfo=UTC)
# docs/access.md names these columns, the numerators and denominators of left-out rates go with them.
LEFT_OUT = {
    "dim_features": {"first_used_date", "last_used_date"},
    "dim_segments": {"avg_revenue"},
    "dim_workspaces": {"first_activity_date"},
    "fct_activity_daily": {"mau", "wau"},
    "fct_cohort_retention": {"retained_on_or_after_users"},
    "rpt_activity": {"dau_change", "engagement_change", "mau_change", "wau_change"},
    "rpt_churn": {"avg_lifetime_days"},
    "rpt_entry_pages": {"bounce_rate", "bounce_rate_denominator", "bounce_rate_numerator"},
    "rpt_features": {"last_used_date"},
    "rpt_session_breakdown": {"share"},
}
PERSONAL = {
    "dim_users",
    "bridge_user_segments",
    "fct_session_goals",
    "fct_session_paths",
    "fct_session_steps",
    "fct_sessions",
    "fct_user_days",
    "fct_user_engagement",
    "fct_user_feature_days",
    "fct_user_hours",
    "fct_restatements",
    "fct_restatement_sessions",
    "fct_restatement_lateness",
}
# Columns of marts_safe that count users.
USER_COUNTS = {
    "dim_workspaces": ("users",),
    "dim_segments": ("users",),
    "fct_activity_daily": ("dau",),
    "fct_cohort_retention": ("cohort_users", "retained_users", "retention_rate_denominator"),
    "fct_growth_periods": ("active_users", "new_users", "returning_users", "reactivated_users", "churned_users"),
    "fct_growth_rolling": ("active_users", "new_users", "returning_users", "reactivated_users", "churned_users"),
    "rpt_activity": (
        "active_users", "dau", "wau", "mau", "new_users", "returning_users", "reactivated_users", "churned_users",
    ),
    "rpt_activity_by_date": ("active_users",),
    "rpt_activity_by_hour": ("active_users",),
    "rpt_activity_by_weekday": ("active_users",),
    "rpt_adoption_funnel": ("users", "dropoff_rate_numerator", "dropoff_rate_denominator"),
    "rpt_churn": ("churned_users", "churn_rate_numerator", "churn_rate_denominator"),
    "rpt_churn_risk": ("users",),
    "rpt_conversion_paths": ("users",),
    "rpt_entry_pages": ("users",),
    "rpt_exit_pages": ("users",),
    "rpt_features": (
        "unique_users", "adoption_rate_numerator", "adoption_rate_denominator", "active_adoption_rate_numerator",
        "active_adoption_rate_denominator", "retention_rate_numerator", "retention_rate_denominator",
    ),
    "rpt_funnels": (
        "users", "step_rate_numerator", "step_rate_denominator", "conversion_rate_numerator",
        "conversion_rate_denominator",
    ),
    "rpt_retention_brackets": ("eligible_users", "retained_users"),
    "rpt_session_breakdown": ("users",),
    "rpt_sessions": (),
    "rpt_stickiness": ("users", "active_users"),
    "dim_features": (),
}  # fmt: skip
# Rows of these are groups of users who may be in several rows; the users active in the timeframe hold each of them.
WITHIN_ACTIVE = {
    "rpt_activity_by_date": "active_users",
    "rpt_activity_by_hour": "active_users",
    "rpt_activity_by_weekday": "active_users",
    "rpt_conversion_paths": "users",
    "rpt_entry_pages": "users",
    "rpt_exit_pages": "users",
    "rpt_features": "unique_users",
    "rpt_funnels": "users",
    "rpt_session_breakdown": "users",
}
# Of a mart, the columns that name a group of siblings, the users, and whether no user is in two siblings.
SIBLINGS = {
    "rpt_activity_by_hour": (("timeframe",), "active_users", False),
    "rpt_churn_risk": ((), "users", True),
    "rpt_conversion_paths": (("timeframe", "goal_name"), "users", False),
    "rpt_entry_pages": (("timeframe",), "users", False),
    "rpt_exit_pages": (("timeframe",), "users", False),
    "rpt_features": (("timeframe",), "unique_users", False),
    "rpt_session_breakdown": (("timeframe", "dimension"), "users", False),
    "rpt_stickiness": ((), "users", True),
}

Tables = dict[str, list[dict]]


def is_small(users) -> bool:
    return users is not None and 1 <= users < K


class Attacker:
    """What follows from the tables of marts_safe of one publication.

    Args:
        tables: name -> rows.
        keys: name -> the columns that identify a row.
    """

    def __init__(self, tables: Tables, keys: dict[str, tuple[str, ...]]) -> None:
        self.tables = tables
        self.keys = keys
        self.found: list[tuple] = []
        self.activity = {
            (row["workspace_id"], row["segment_id"], row["timeframe"]): dict(row) for row in tables["rpt_activity"]
        }
        self._fill_in()

    def attack(self) -> list[tuple]:
        """Every small group found: what was compared, where, and how many users it has."""
        self._single_numbers()
        self._segments()
        self._cells_of_active_users()
        self._growth()
        self._partitions()
        self._chains()
        self._cohorts()
        self._sessions()
        return self.found

    def _note(self, users, *where) -> None:
        if is_small(users):
            self.found.append((*where, int(users)))

    def _fill_in(self) -> None:
        """Numbers of the whole workspace that stand in two tables."""
        rolling = {
            (row["workspace_id"], f"{row['window_days']}d", row["activity_date"]): row
            for row in self.tables["fct_growth_rolling"]
        }
        days = {(row["workspace_id"], row["activity_date"]): row["dau"] for row in self.tables["fct_activity_daily"]}
        churn = {(row["workspace_id"], row["segment_id"], row["timeframe"]): row for row in self.tables["rpt_churn"]}
        brackets = {
            (row["workspace_id"], row["segment_id"], row["timeframe"]): row["eligible_users"]
            for row in self.tables["rpt_retention_brackets"]
            if row["first_day"] == 0
        }
        for (workspace, segment, timeframe), row in self.activity.items():
            if segment == "all":
                twin = rolling.get((workspace, timeframe, row["as_of_date"]), {})
                for column in ("new_users", "returning_users", "reactivated_users", "churned_users"):
                    row[column] = row[column] if row[column] is not None else twin.get(column)
                row["dau"] = row["dau"] if row["dau"] is not None else days.get((workspace, row["as_of_date"]))
            key = (workspace, segment, timeframe)
            if row["churned_users"] is None:
                row["churned_users"] = churn[key]["churned_users"]
            if row["new_users"] is None:
                row["new_users"] = brackets.get(key)
            row["users_before"] = churn[key]["churn_rate_denominator"]

    def _of_rest(self, rows: dict, column: str) -> Iterator[tuple]:
        """(key without the segment, users of a segment's rest) where both are shown. rows: key -> row."""
        for key, row in rows.items():
            everybody = rows.get(_of_all(key))
            if key.segment != "all" and everybody and None not in (row[column], everybody[column]):
                yield key, everybody[column] - row[column]

    def _single_numbers(self) -> None:
        for table, columns in USER_COUNTS.items():
            for row in self.tables[table]:
                for column in columns:
                    self._note(row[column], "number", table, column, *(row[key] for key in self.keys[table]))
        for table, rate in (
            ("rpt_features", "adoption_rate"), ("rpt_features", "active_adoption_rate"),
            ("rpt_features", "retention_rate"), ("rpt_adoption_funnel", "dropoff_rate"),
            ("rpt_funnels", "step_rate"), ("rpt_funnels", "conversion_rate"),
            ("fct_cohort_retention", "retention_rate"),
        ):  # fmt: skip
            for row in self.tables[table]:
                if row[rate] is not None and row[f"{rate}_numerator"] is None:
                    self.found.append(("a rate without its parts", table, rate))
                if row[f"{rate}_numerator"] is not None and row[f"{rate}_denominator"] is not None:
                    self._note(
                        row[f"{rate}_denominator"] - row[f"{rate}_numerator"],
                        "denominator less numerator", table, rate, *(row[key] for key in self.keys[table]),
                    )  # fmt: skip

    def _segments(self) -> None:
        for table, columns in USER_COUNTS.items():
            if "segment_id" in self.keys[table] and table.startswith("rpt_"):
                rows = _by_key(self.tables[table], self._identity(table))
                for column in columns:
                    for key, rest in self._of_rest(rows, column):
                        self._note(rest, "all less segment", table, column, key)

        known = {row["workspace_id"]: row["users"] for row in self.tables["dim_workspaces"]}
        by_score = defaultdict(list)
        for row in self.tables["dim_segments"]:
            everybody = known[row["workspace_id"]]
            if None not in (everybody, row["users"]):
                self._note(everybody - row["users"], "all less segment", "dim_segments", row["segment_name"])
            if row["segment_name"] in ("Power users", "Regular", "Casual"):
                by_score[row["workspace_id"]].append(row["users"])
        for (workspace, segment, timeframe), row in self.activity.items():
            if segment == "all" and timeframe == "30d":
                self._subtract(row["mau"], by_score[workspace], "segments by score", workspace)

    def _identity(self, table: str) -> tuple[str, ...]:
        # A rank numbers the rows of each segment anew: the path tells which they are.
        return tuple("path" if column == "path_rank" else column for column in self.keys[table])

    def _known_or_rest(self, rows: dict) -> Iterator[tuple[str, dict]]:
        """Every row as it is, and of every segment what `all` less the segment gives, number by number."""
        for key, row in rows.items():
            yield ("segment", key), row
            everybody = rows.get(_of_all(key))
            if key.segment != "all" and everybody:
                rest = {
                    column: everybody[column] - value if None not in (value, everybody[column]) else None
                    for column, value in row.items()
                    if isinstance(value, int) or value is None
                    if isinstance(everybody[column], int) or everybody[column] is None
                }
                yield ("rest", key), rest

    def _cells_of_active_users(self) -> None:
        activity = _by_key(list(self.activity.values()), ("workspace_id", "segment_id", "timeframe"))
        active = {
            (kind, key.workspace, key.segment, key.others[0]): row.get("active_users")
            for (kind, key), row in self._known_or_rest(activity)
        }
        for table, column in WITHIN_ACTIVE.items():
            rows = _by_key(self.tables[table], self._identity(table))
            timeframe_at = self.keys[table].index("timeframe") - 2
            for (kind, key), row in self._known_or_rest(rows):
                total = active.get((kind, key.workspace, key.segment, key.others[timeframe_at]))
                if None not in (total, row.get(column)):
                    self._note(total - row[column], "active users less", table, kind, key)

    def _growth(self) -> None:
        activity = _by_key(list(self.activity.values()), ("workspace_id", "segment_id", "timeframe"))
        cases = [(where, row) for where, row in self._known_or_rest(activity)]
        for table in ("fct_growth_periods", "fct_growth_rolling"):
            cases += [
                ((table, tuple(row[key] for key in self.keys[table])), row | {"users_before": None})
                for row in self.tables[table]
            ]
        for where, row in cases:
            parts = [row.get(column) for column in ("new_users", "returning_users", "reactivated_users")]
            self._subtract(row.get("active_users"), parts, "active users", where)
            before = [row.get(column) for column in ("returning_users", "churned_users")]
            self._subtract(row.get("users_before"), before, "users before", where)

    def _subtract(self, total: int | None, parts: list[int | None], *where) -> None:
        """Every difference of the total and some of its parts that are shown."""
        shown = [part for part in parts if part]
        if total is None:
            return
        sizes = range(len(shown) + 1) if len(shown) <= 10 else (0, 1, len(shown) - 1, len(shown))
        for size in sizes:
            for taken in combinations(shown, size):
                self._note(total - sum(taken), "total less parts", *where)

    def _partitions(self) -> None:
        months = {}
        activity = _by_key(list(self.activity.values()), ("workspace_id", "segment_id", "timeframe"))
        for (kind, key), row in self._known_or_rest(activity):
            if row.get("mau") is not None:
                months[kind, key.workspace, key.segment] = row["mau"]
        for table in ("rpt_churn_risk", "rpt_stickiness"):
            groups = defaultdict(list)
            totals = months if table == "rpt_churn_risk" else {}
            rows = _by_key(self.tables[table], self.keys[table])
            for (kind, key), row in self._known_or_rest(rows):
                groups[kind, key.workspace, key.segment].append(row.get("users"))
                if table == "rpt_stickiness" and row.get("active_users") is not None:
                    totals[kind, key.workspace, key.segment] = row["active_users"]
            for group, parts in groups.items():
                self._subtract(totals.get(group), parts, table, group)

    def _chains(self) -> None:
        """Groups each of which lies within the others of its chain that are larger."""
        chains = defaultdict(list)
        activity = _by_key(list(self.activity.values()), ("workspace_id", "segment_id", "timeframe"))
        for (kind, key), row in self._known_or_rest(activity):
            chains["spans", kind, key] += [row.get(column) for column in ("active_users", "dau", "wau", "mau")]
        for table, column, names in (
            ("rpt_adoption_funnel", "users", 1),
            ("rpt_funnels", "users", 2),
            ("rpt_retention_brackets", "eligible_users", 1),
        ):
            rows = _by_key(self.tables[table], self.keys[table])
            for (kind, key), row in self._known_or_rest(rows):
                chains[table, kind, key.workspace, key.segment, key.others[:names]].append(row.get(column))
            for (kind, key), row in self._known_or_rest(rows):
                if table == "rpt_retention_brackets" and None not in (row.get(column), row.get("retained_users")):
                    self._note(row[column] - row["retained_users"], "not retained", kind, key)
        users = {row["workspace_id"]: row["users"] for row in self.tables["dim_workspaces"]}
        for (workspace, segment, timeframe), row in self.activity.items():
            if segment == "all":
                chains["known", workspace, timeframe] += [users[workspace], row["active_users"]]
        for where, chain in chains.items():
            for one, other in combinations([users for users in chain if users is not None], 2):
                self._note(abs(one - other), "chain", where)

    def _cohorts(self) -> None:
        """The users of a week or month are those that its cohorts have in it."""
        growth = {
            (row["workspace_id"], row["grain"], row["period_start"]): row for row in self.tables["fct_growth_periods"]
        }
        parts = defaultdict(list)
        for row in self.tables["fct_cohort_retention"]:
            if row["grain"] == "week":
                period = row["cohort_start"] + timedelta(weeks=row["period_number"])
            elif row["grain"] == "day":
                continue
            else:
                month = row["cohort_start"].year * 12 + row["cohort_start"].month - 1 + row["period_number"]
                period = row["cohort_start"].replace(year=month // 12, month=month % 12 + 1)
            shown = row["retained_users"]
            if row["period_number"] == 0:
                shown = row["cohort_users"]
                twin = growth[row["workspace_id"], row["grain"], row["cohort_start"]]
                if twin["new_users"] is None:
                    self.found.append(("cohort of hidden new users", row))
            parts[row["workspace_id"], row["grain"], period].append(shown)
        for period, shown in parts.items():
            if period in growth:
                self._subtract(growth[period]["active_users"], shown, "cohorts of a period", period)

    def _sessions(self) -> None:
        """Few sessions have few users: what all sessions leave over when every shown row is taken off."""
        sessions = {
            (row["workspace_id"], row["segment_id"], row["timeframe"]): row["sessions"]
            for row in self.tables["rpt_sessions"]
        }
        shown = defaultdict(int)
        for row in self.tables["rpt_session_breakdown"]:
            key = (row["workspace_id"], row["segment_id"], row["timeframe"])
            shown[key, row["dimension"]] += row["sessions"]
        for (key, dimension), some in shown.items():
            self._note(sessions[key] - some, "sessions less breakdown", dimension, key)
        for table in ("rpt_entry_pages", "rpt_exit_pages"):
            shown = defaultdict(int)
            for row in self.tables[table]:
                shown[row["workspace_id"], row["segment_id"], row["timeframe"]] += row["sessions"]
            for key, some in shown.items():
                with_pages = self.activity[key]["bounce_rate_denominator"]
                self._note(with_pages - some if with_pages is not None else None, "sessions less pages", table, key)


class Key(tuple):
    """A row's workspace, segment and other columns of its key."""

    __slots__ = ()
    workspace = property(lambda self: self[0])
    segment = property(lambda self: self[1])
    others = property(lambda self: self[2])


def _of_all(key: Key) -> Key:
    return Key((key.workspace, "all", key.others))


def _by_key(rows: list[dict], columns: tuple[str, ...]) -> dict[Key, dict]:
    others = [column for column in columns if column not in ("workspace_id", "segment_id")]
    return {Key((row["workspace_id"], row["segment_id"], tuple(row[column] for column in others))): row for row in rows}


def write_small_workspaces(landing: Path) -> None:
    """Workspaces of 3, 25 and 80 people, most of whose groups are small: a few pages, features, devices and hours."""
    chance = random.Random(6)
    events = []
    for workspace, people, newest in (("tiny", 3, 30), ("team", 25, 60), ("shop", 80, 100)):
        for person in range(people):
            first_day = chance.randrange(newest)
            device = chance.choice(["desktop"] * 6 + ["mobile"] * 3 + ["tablet"])
            browser = chance.choice(["Firefox", "Chrome", "Chrome", "Safari"])
            country = chance.choice(["DE"] * 9 + ["FR"] * 3 + ["IT", "ES"])
            days = {first_day} | {day for day in range(first_day) if chance.random() < chance.choice([0.05, 0.3])}
            for day in days:
                at = CLOCK - timedelta(days=day + 1, hours=chance.randrange(-10, 12), minutes=chance.randrange(60))
                for step in range(chance.randrange(1, 6)):
                    at += timedelta(seconds=chance.randrange(1, 400))
                    kind = chance.choice(["page_view", "page_view", "feature_use"])
                    name = chance.choice(["export", "export", "share", "share", "print", f"rare {chance.randrange(9)}"])
                    events.append(
                        {
                            "event_id": f"{workspace}-{person}-{day}-{step}",
                            "workspace_id": workspace,
                            "user_id": f"person {person}",
                            "event_type": kind,
                            "event_name": name if kind == "feature_use" else None,
                            "page_path": f"/{int(chance.paretovariate(0.7)) % 30}" if kind == "page_view" else None,
                            "device_type": device,
                            "browser": browser,
                            "country_code": country,
                            "created_at": at.isoformat(),
                        }
                    )
    for entity, rows in (
        ("events", events),
        ("goals", [{"goal_name": "exported", "event_name": "export"}]),
        (
            "segments",
            [
                {
                    "segment_name": f"from {country}",
                    "segment_type": "demographic",
                    "criteria": {"all": [{"field": "country_code", "op": "=", "value": country}]},
                }
                for country in ("DE", "FR", "IT")
            ],
        ),
        (
            "funnels",
            [
                {
                    "funnel_name": "sharing",
                    "steps": [{"event_type": "page_view"}, {"event_name": "share"}, {"event_name": "export"}],
                }
            ],
        ),
    ):
        (landing / entity).mkdir(parents=True)
        (landing / entity / "all.ndjson").write_text("\n".join(map(json.dumps, rows)))


@pytest.fixture(scope="module", params=ENGINES)
def small(request, make_pipeline: Callable[..., Pipeline], tmp_path_factory) -> Pipeline:
    """The small workspaces, published, the dbt data tests passed."""
    landing = tmp_path_factory.mktemp("small-landing")
    write_small_workspaces(landing)
    pipeline = make_pipeline(request.param)
    pipeline.run(landing, clock=CLOCK, data_tests=True)
    return pipeline


def read(pipeline: Pipeline, schema: str) -> tuple[Tables, dict[str, tuple[str, ...]]]:
    """Every table of marts_safe as `schema` has it, and the keys."""
    warehouse = open_warehouse(pipeline.settings)
    tables, keys = {}, {}
    for mart in safe_marts(ensure_manifest(pipeline.settings)):
        answer = warehouse.read(f"select * from {schema}.{mart.name}")
        tables[mart.name] = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
        keys[mart.name] = mart.key
    return tables, keys


def hidden_alone(safe: Tables, marts: Tables, keys: dict[str, tuple[str, ...]]) -> Iterator[tuple]:
    """Groups of siblings of a shown report of which one row alone, or a small group together, is hidden."""
    shown_reports = {(row["workspace_id"], row["segment_id"], row["timeframe"]) for row in safe["rpt_activity"]}
    for table, (siblings, users, are_disjoint) in SIBLINGS.items():
        shown = {tuple(row[key] for key in keys[table]) for row in safe[table] if row[users] is not None}
        groups = defaultdict(list)
        for row in marts[table]:
            report = (row["workspace_id"], row["segment_id"], row.get("timeframe", "30d"))
            if report in shown_reports and row[users] and tuple(row[key] for key in keys[table]) not in shown:
                groups[report, tuple(row[column] for column in siblings)].append(row[users])
        for group, hidden in groups.items():
            total = sum(hidden) if are_disjoint else max(hidden)
            of_all = len(hidden) == sum(
                1
                for row in marts[table]
                if (row["workspace_id"], row["segment_id"], row.get("timeframe", "30d")) == group[0]
                and tuple(row[column] for column in siblings) == group[1]
                and row[users]
            )
            if not of_all and (len(hidden) == 1 or total < K):
                yield table, group, hidden


def test_attacker_finds_no_small_group(small):
    safe, keys = read(small, "marts_safe")
    assert Attacker(safe, keys).attack() == []


def test_same_attacker_finds_small_groups_in_the_marts(small):
    """So the test above is not silent for want of knowing how."""
    marts, keys = read(small, "marts")
    periods = small.fetch("select workspace_id, segment_id, timeframe, active_users from intermediate.int_period_users")
    active = {(workspace, segment, timeframe): users for workspace, segment, timeframe, users in periods}
    for row in marts["rpt_activity"]:
        row["active_users"] = active[row["workspace_id"], row["segment_id"], row["timeframe"]]
    kinds = {finding[0] for finding in Attacker(marts, keys).attack()}
    assert kinds >= {
        "number",
        "denominator less numerator",
        "all less segment",
        "active users less",
        "total less parts",
        "not retained",
        "chain",
    }


def test_no_row_is_hidden_alone_where_the_total_is_shown(small):
    safe, keys = read(small, "marts_safe")
    marts, _ = read(small, "marts")
    assert list(hidden_alone(safe, marts, keys)) == []


def test_what_is_shown_is_the_number_of_the_mart(small):
    safe, keys = read(small, "marts_safe")
    marts, _ = read(small, "marts")
    for table, rows in safe.items():
        of_mart = {tuple(row[key] for key in keys[table]): row for row in marts[table]}
        for row in rows:
            mart = of_mart[tuple(row[key] for key in keys[table])]
            shown = {column: value for column, value in row.items() if value is not None and column in mart}
            assert shown == {column: mart[column] for column in shown}, table


def test_much_is_still_shown(small):
    safe, _ = read(small, "marts_safe")
    shop = {table: [row for row in rows if row["workspace_id"] == "shop"] for table, rows in safe.items()}
    for table, columns in USER_COUNTS.items():
        if columns:
            assert any(row[columns[0]] for row in shop[table]), table
    tiny = [row for table, rows in safe.items() for row in rows if row["workspace_id"] == "tiny"]
    assert not [row for row in tiny if any(row.get(column) for column in ("users", "active_users", "dau", "sessions"))]


def test_no_table_of_users_or_sessions_is_in_the_safe_schema(small):
    safe, _ = read(small, "marts_safe")
    assert not PERSONAL & set(safe)
    columns = {column for rows in safe.values() for row in rows[:1] for column in row}
    assert not columns & {"user_key", "session_id"}
    found = small.fetch(
        "select table_name from information_schema.tables where table_schema = 'candidate_safe' order by table_name"
    )
    assert {name for (name,) in found} == set(safe)


def test_columns_that_give_a_hidden_number_back_are_left_out(small):
    columns = defaultdict(set)
    for schema, table, column in small.fetch(
        "select table_schema, table_name, column_name from information_schema.columns"
        " where table_schema in ('candidate', 'candidate_safe')"
    ):
        columns[schema, table].add(column)
    tables = [table for schema, table in columns if schema == "candidate_safe"]
    missing = {table: columns["candidate", table] - columns["candidate_safe", table] for table in tables}
    assert {table: names for table, names in missing.items() if names} == LEFT_OUT
