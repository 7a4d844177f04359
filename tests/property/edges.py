"""The values that histories are made of: each table starts with the plain one and goes on to the edges."""

from datetime import UTC, date, datetime, time, timedelta, timezone


def condition(field: str, op: str, value: object) -> dict:
    return {"field": field, "op": op, "value": value}


# The last local day of a history, and what is special about it or the days before.
ENDS = (
    date(2024, 6, 12),
    date(2024, 3, 1),  # after the leap day
    date(2024, 3, 10),  # New York springs forward
    date(2024, 11, 3),  # New York falls back
    date(2024, 3, 31),  # Berlin springs forward
    date(2024, 10, 27),  # Berlin falls back
    date(2024, 4, 7),  # Lord Howe falls back by half an hour
    date(2024, 10, 6),  # Lord Howe springs forward by half an hour
    date(2021, 1, 4),  # the Monday after ISO week 53
    date(2021, 1, 3),  # its Sunday
    date(2012, 1, 1),  # Apia had no 2011-12-30
    date(2010, 11, 7),  # St. John's falls back at 00:01, into the day before
    date(2025, 3, 1),  # 365 and 366 days after the leap day's neighbours
)
ZONES = (
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Australia/Lord_Howe",
    "America/St_Johns",
)
DAYS_BEFORE_END = (0, 1, 2, 5, 6, 7, 13, 14, 20, 21, 27, 28, 29, 30, 31, 59, 60, 61, 89, 90, 91, 364, 365, 366, 390)
MILLISECOND = timedelta(milliseconds=1)
WALL_CLOCK = (
    time(12, 0),
    time(0, 0),
    time(23, 59, 59, 999_000),
    time(23, 45),
    time(1, 30),
    time(1, 30, fold=1),
    time(2, 30),
    time(0, 0, 30),
    time(3, 0),
)
GAPS = (
    timedelta(seconds=5),
    timedelta(0),
    MILLISECOND,
    timedelta(seconds=10) - MILLISECOND,
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30) - MILLISECOND,
    timedelta(minutes=30),
    timedelta(minutes=30) + MILLISECOND,
    timedelta(hours=1),
    timedelta(hours=23, minutes=59),
)
USERS = ("u1", "u2", "u3", "ü 4", "u5", "6")
KINDS = ("page_view", "feature_use", "custom", "api_call", "login", "logout", "error")
EVENT_TYPES = ("page_view",) * 4 + ("feature_use",) * 3 + ("custom",) * 2 + KINDS
PAGES = ("/a", "/b", "/a", "/b", "/a", "/c", None, "/a > b", "/é", "/d", "/e", "/f", "/50%_!", "/50 off!")
NAMES = ("export", "export", "search", None, "Export", "päste", "buy")
CLIENT_SESSIONS = (None, "c1", "c2")
USER_AGENTS = (None, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "")
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
DEVICES = (None, "mobile", "desktop", "tablet")
BROWSERS = (None, "Firefox", "Chrome")
SYSTEMS = (None, "Linux", "iOS")
COUNTRIES = (None, "DE", "NP", "US")
METADATA = (
    None,
    {"duration": 12.5, "category": "files"},
    {"duration": "7.25", "category": "tools"},
    {"duration": 0, "revenue": 0},
    {"duration": -3, "revenue": -5},
    {"duration": "junk", "revenue": "junk", "category": None},
    {"revenue": 19.99},
    {"revenue": "0.00005"},
    {"revenue": 100000000000000, "duration": "99999999999999.9999"},
    {"duration": None, "revenue": True, "category": ""},
    '{"duration": 3, "revenue": "1.5", "category": "as text"}',
    {},
)
CLOCK_AFTER_END = (36, 25, 12, 1, 0, 60, 24 * 40)  # hours after noon UTC of the last day
CATEGORIES = (None, "files", "admin")
# Two of a name, of which another workspace, or a later version, may take the other one.
GOALS = (
    {"goal_name": "buys", "event_type": "custom"},
    {"goal_name": "sees a", "page_path": "/a*"},
    {"goal_name": "exports", "event_type": "feature_use", "event_name": "*xport"},
    {"goal_name": "buys", "event_type": "custom", "event_name": "buy"},
    {"goal_name": "sees a", "page_path": "/a"},
    {"goal_name": "offer", "page_path": "/50%*"},
    {"goal_name": "offer", "page_path": "*_!"},
    {"goal_name": "offer", "page_path": "/50*!"},
)
FUNNELS = (
    {
        "funnel_name": "buys",
        "steps": [{"page_path": "/a"}, {"event_type": "custom", "name": "pay"}],
        "window_hours": 1,
    },
    {"funnel_name": "tours", "steps": [{"page_path": "/*"}, {"page_path": "/*"}, {"event_name": "*port"}]},
    {"funnel_name": "buys", "steps": [{"event_type": "login"}, {"event_name": "buy"}]},
    {"funnel_name": "returns", "steps": '[{"page_path": "/b"}, {"page_path": "/b"}]', "window_hours": "24"},
)
# What users/ says of a person beside sign-up: numbers, dates and truth, as JSON and as text; columns of dim_users too.
ATTRIBUTES = (
    {"plan": "pro"},
    {},
    {"plan": "free", "seats": 9, "since": "2024-01-09"},
    {"plan": "pro", "seats": "10", "since": "2023-12-31", "is_owner": True},
    {"plan": "", "seats": 2.5, "since": "soon", "is_owner": "false"},
    {"plan": "PRO", "seats": "ten", "country_code": "NP", "days_since_last_active": "0"},
    {"seats": "9.0", "it's; odd": "x' or 1=1; --"},
)
OPERATORS = ("=", "!=", ">", ">=", "<", "<=", "in", "not_in", "is_null", "not_null")
# Fields of conditions with values that lie on, before and after what users have.
FIELDS = {
    "plan": ("pro", "free", "p", "nobody's"),
    "seats": (9, "9.00", 10, "ten", -1, "2.5"),
    "since": ("2024-01-09", "2024-01-01", "soon", 2024),
    "is_owner": (True, False, "true"),
    "it's; odd": ("x' or 1=1; --", "x"),
    "days_since_last_active": (0, 6, "29", 30, 29.5),
    "days_since_first_active": (6, 7),
    "lifetime_days": (1, "2.0"),
    "active_days_30": (0, 1, 2),
    "sessions_30": (0, 1, 2),
    "events_30": (1, 5, 10),
    "features_used_30": (0, 1, 2),
    "revenue_total": (0, "19.99", -5, 0.0001),
    "engagement_score": (0, 5, "12.5", 40, 3.295),
    "churn_probability": (0, 50, "33.33", 100),
    "signup_date": ("2024-06-12", "2012-01-01"),
    "first_active_date": ("2024-03-10", "2021-01-03"),
    "last_active_date": ("2024-06-10", "2024-10-26"),
    "device_type": ("mobile", "desktop"),
    "browser": ("Firefox", "Chrome", "f"),
    "os": ("Linux", "iOS"),
    "country_code": ("DE", "NP"),
    "lifecycle_status": ("new", "active", "lapsed", "never_active"),
    "risk_state": ("Engaged", "Cooling", "At risk", "Slipping away"),
    "workspace_id": ("w1", "w2"),
    "user_key": ("f", "00000000000000000000000000000000"),
}
# What the contract rejects beside well-formed conditions.
BAD_CONDITIONS = (
    condition("plna", "=", "pro"),
    condition("user_id", "=", "u1"),
    condition("plan", "like", "p%"),
    condition("plan", "in", []),
    condition("seats", "=", None),
    condition("sessions_30", ">", "many"),
    condition("signup_date", "<", "soon"),
)
SEGMENT_NAMES = ("s1", "s2", "s3", "all", "ü; drop table raw.segments", "Lapsed")


def epoch_milliseconds(text: str) -> int:
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // MILLISECOND


def kathmandu_time(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(timezone(timedelta(hours=5, minutes=45))).isoformat()


SPELLINGS = (str, epoch_milliseconds, kathmandu_time)
# Dealt to the events in turn: under which name the id comes, if at all.
ID_FIELDS = (("event_id",), ("event_id", "event_id", "id"), ("event_id", "event_id", "event_id", None))
