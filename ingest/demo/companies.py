"""The cast: who the three companies are, what they sell, when and how their people use it. Data only, no chance."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Agent:
    """What a client says of itself; device, browser and os only where the client sends them with the event."""

    user_agent: str
    given: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Feature:
    """A feature's popularity goes in a straight line from `before` at its launch to `after` on the last day."""

    name: str
    category: str
    before: float = 1.0
    after: float = 1.0
    launch: float = 0.0  # share of the demo's days that pass before anyone can use it

    @property
    def is_ever_used(self) -> bool:
        return max(self.before, self.after) > 0

    def popularity(self, progress: float) -> float:
        """Weight among the features at `progress`, the share of the demo's days that has passed."""
        if progress < self.launch:
            return 0.0
        return self.before + (self.after - self.before) * (progress - self.launch) / (1 - self.launch)


@dataclass(frozen=True)
class Company:
    """One workspace. Journeys are scripts of steps, each a word:

    `/path` a page view, `+` a favourite feature, `+name` that feature, `@name` an API call, `!name` an error,
    `$name` a custom event with revenue, `*name` a custom event without, `login` and `logout` themselves.
    """

    workspace_id: str
    name: str
    timezone: str
    signups: int
    visitors: int
    weekday_hours: Mapping[int, int]  # weight of each local hour
    weekend_hours: Mapping[int, int]
    weekend_share: float  # of a weekday's activity
    countries: Mapping[str, float]
    agents: Mapping[Agent, float]
    plans: Mapping[str, float]
    roles: Mapping[str, float]
    company_sizes: Mapping[str, float]
    prices: Mapping[float, float]  # revenue of a `$` step
    features: tuple[Feature, ...]
    first_journeys: Mapping[str, float]
    visitor_journeys: Mapping[str, float]
    work_journeys: Mapping[str, float]
    referrers: Mapping[str, float]
    sends_session_id: bool = True
    numbers_its_users: bool = False  # user ids are plain numbers
    api_agent: Agent | None = None  # speaks for API calls instead of the person's own browser
    event_id_style: str = "uuid"  # uuid, prefixed or number
    users_format: str = ".ndjson.gz"


def _by_hour(*weights: int) -> Mapping[int, int]:
    return dict(enumerate(weights))


CHROME_WINDOWS = Agent(
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
EDGE_WINDOWS = Agent(
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
    " Edg/131.0.0.0"
)
FIREFOX_LINUX = Agent("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0")
SAFARI_MAC = Agent(
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1"
    " Safari/605.1.15",
    (("device_type", "desktop"),),
)
CHROME_ANDROID = Agent(
    "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"
    " Mobile Safari/537.36"
)
SAFARI_IPHONE = Agent(
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1"
    " Mobile/15E148 Safari/604.1"
)
SAFARI_IPAD = Agent(
    "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6"
    " Mobile/15E148 Safari/604.1",
    (("device_type", "tablet"),),
)
RECIPE_APP = Agent(
    "KornblumeApp/3.2 (iPhone; iOS 18.1)",
    (("device_type", "mobile"), ("browser", "Kornblume App"), ("os", "iOS")),
)
COURIER_SDK = Agent("PragatiSDK/1.8 (Linux; x86_64)")
NO_AGENT = Agent("")

#                      0  1  2  3  4  5  6  7  8   9  10  11  12  13  14  15  16  17 18 19 20 21 22 23
OFFICE_HOURS = _by_hour(0, 0, 0, 0, 0, 0, 1, 3, 9, 14, 15, 12, 8, 11, 13, 12, 10, 6, 3, 1, 1, 1, 1, 0)
OFFICE_WEEKENDS = _by_hour(1, 0, 0, 0, 0, 0, 0, 1, 2, 4, 5, 5, 4, 4, 4, 4, 3, 3, 3, 3, 4, 4, 3, 2)
KITCHEN_HOURS = _by_hour(1, 0, 0, 0, 0, 1, 2, 4, 4, 3, 3, 6, 7, 4, 2, 3, 6, 12, 16, 14, 9, 6, 4, 3)
KITCHEN_WEEKENDS = _by_hour(2, 1, 0, 0, 0, 0, 1, 2, 5, 9, 12, 12, 9, 7, 6, 7, 9, 11, 11, 9, 7, 6, 4, 4)
DEVELOPER_HOURS = _by_hour(4, 3, 2, 1, 1, 1, 1, 2, 4, 8, 12, 13, 10, 8, 11, 12, 12, 10, 7, 6, 7, 8, 8, 6)

SEARCH_REFERRERS = {"": 50, "https://www.google.com/": 28, "https://www.bing.com/": 5, "https://news.example.org/": 7}

LANTERN = Company(
    workspace_id="lantern",
    name="Lanternworks",
    timezone="America/New_York",
    signups=820,
    visitors=800,
    weekday_hours=OFFICE_HOURS,
    weekend_hours=OFFICE_WEEKENDS,
    weekend_share=0.12,
    countries={"US": 64, "CA": 14, "GB": 10, "MX": 6, "AU": 4, "BR": 2},
    agents={
        CHROME_WINDOWS: 42,
        EDGE_WINDOWS: 16,
        SAFARI_MAC: 24,
        FIREFOX_LINUX: 4,
        SAFARI_IPHONE: 8,
        CHROME_ANDROID: 3,
        SAFARI_IPAD: 3,
    },
    plans={"free": 46, "team": 38, "enterprise": 16},
    roles={"analyst": 44, "manager": 30, "engineer": 16, "executive": 10},
    company_sizes={"12": 20, "60": 30, "240": 28, "900": 16, "4200": 6},
    prices={29.0: 50, 99.0: 35, 499.0: 15},
    features=(
        Feature("report_builder", "Reporting"),
        Feature("report_export", "Reporting", 0.8, 0.8),
        Feature("dashboard_filter", "Dashboards", 0.9, 0.9),
        Feature("classic_charts", "Dashboards", 1.2, 0.05),
        Feature("smart_summary", "Assistant", 0.2, 2.6, launch=0.5),
        Feature("share_link", "Collaboration", 0.5, 0.6),
        Feature("comment", "Collaboration", 0.3, 0.5),
        Feature("scheduled_email", "Reporting", 0.35, 0.35),
        Feature("data_connector", "Data", 0.3, 0.35),
        Feature("sql_editor", "Data", 0.25, 0.3),
        Feature("audit_log", "Administration", 0, 0),
        Feature("custom_roles", "Administration", 0, 0),
    ),
    first_journeys={
        "/ /pricing /signup /welcome login /dashboard +": 60,
        "/blog/weekly-report / /signup /welcome login /dashboard *tour_finished +": 25,
        "/docs/getting-started /pricing /signup /welcome login /dashboard + +": 15,
    },
    visitor_journeys={
        "/": 34,
        "/ /pricing": 20,
        "/ /pricing /signup": 16,
        "/blog/weekly-report": 14,
        "/blog/weekly-report / /pricing /signup": 8,
        "/docs/getting-started /docs/connectors": 8,
    },
    work_journeys={
        "login /dashboard + /reports + /reports/export +report_export logout": 30,
        "login /dashboard /reports + + /reports/share": 22,
        "/dashboard + +": 24,
        "/docs/connectors /docs/api /docs/connectors /dashboard +": 8,
        "/dashboard @reports.list /reports + !query_timeout /reports +": 9,
        "login /settings /settings/billing $subscription_renewed /dashboard": 4,
        "/dashboard": 3,
    },
    referrers=SEARCH_REFERRERS | {"https://www.linkedin.com/": 10},
)

KORNBLUME = Company(
    workspace_id="kornblume",
    name="Kornblume Küche",
    timezone="Europe/Berlin",
    signups=600,
    visitors=700,
    weekday_hours=KITCHEN_HOURS,
    weekend_hours=KITCHEN_WEEKENDS,
    weekend_share=1.45,
    countries={"DE": 70, "AT": 13, "CH": 9, "NL": 4, "PL": 4},
    agents={RECIPE_APP: 30, SAFARI_IPHONE: 18, CHROME_ANDROID: 28, SAFARI_IPAD: 10, CHROME_WINDOWS: 9, SAFARI_MAC: 5},
    plans={"free": 78, "plus": 22},
    roles={"cook": 74, "planner": 26},
    company_sizes={"": 1},  # families, not companies
    prices={14.9: 20, 24.5: 30, 39.9: 28, 62.75: 15, 118.2: 7},
    features=(
        Feature("recipe_search", "Recipes"),
        Feature("meal_plan", "Planning", 0.6, 0.9),
        Feature("shopping_list", "Shopping", 0.8, 0.9),
        Feature("cook_mode", "Recipes", 0.6, 0.6),
        Feature("pantry_scan", "Shopping", 0.1, 2.0, launch=0.62),
        Feature("coupon_book", "Shopping", 0.9, 0.04),
        Feature("favourites", "Recipes", 0.5, 0.5),
        Feature("family_share", "Planning", 0.3, 0.4),
        Feature("voice_timer", "Recipes", 0, 0),
    ),
    first_journeys={
        "/ /recipes /signup /welcome login /recipes +": 55,
        "/recipes/linsensuppe /signup /welcome login + +": 35,
        "/ /plus /signup /welcome login *newsletter_joined": 10,
    },
    visitor_journeys={
        "/recipes/linsensuppe": 38,
        "/recipes/apfelkuchen": 18,
        "/": 14,
        "/ /recipes /recipes/linsensuppe": 16,
        "/ /plus /signup": 9,
        "/recipes/apfelkuchen /recipes /signup": 5,
    },
    work_journeys={
        "/recipes + /recipes/linsensuppe +cook_mode": 26,
        "/recipes /recipes/apfelkuchen + +": 20,
        "/plan + + /list +shopping_list": 22,
        "/plan /list + /checkout $order_placed /thanks": 13,
        "/list /checkout !payment_declined /checkout $order_placed /thanks": 3,
        "login /recipes + *recipe_rated": 10,
        "/recipes": 6,
    },
    referrers=SEARCH_REFERRERS | {"https://www.pinterest.com/": 14},
    event_id_style="prefixed",
    users_format=".csv",
)

PRAGATI = Company(
    workspace_id="pragati",
    name="Pragati Couriers API",
    timezone="Asia/Kolkata",
    signups=240,
    visitors=300,
    weekday_hours=DEVELOPER_HOURS,
    weekend_hours=DEVELOPER_HOURS,
    weekend_share=0.4,
    countries={"IN": 74, "SG": 10, "AE": 8, "BD": 5, "LK": 3},
    agents={CHROME_WINDOWS: 34, FIREFOX_LINUX: 24, SAFARI_MAC: 20, CHROME_ANDROID: 14, EDGE_WINDOWS: 6, NO_AGENT: 2},
    plans={"sandbox": 60, "starter": 28, "scale": 12},
    roles={"developer": 76, "operations": 24},
    company_sizes={"5": 44, "30": 34, "150": 16, "1100": 6},
    prices={10.0: 48, 25.0: 30, 100.0: 17, 400.0: 5},
    features=(
        Feature("api_console", "Developer"),
        Feature("key_rotation", "Security", 0.3, 0.3),
        Feature("webhook_tester", "Developer", 0.2, 1.8, launch=0.35),
        Feature("xml_gateway", "Legacy", 1.0, 0.05),
        Feature("delivery_map", "Operations", 0.7, 0.8),
        Feature("rate_quotes", "Operations", 0.6, 0.7),
        Feature("log_search", "Developer", 0.6, 0.7),
        Feature("ip_allowlist", "Security", 0, 0),
    ),
    first_journeys={
        "/docs /docs/quickstart /signup /welcome login /console +api_console @shipments.create": 60,
        "/ /pricing /signup /welcome login /console @shipments.create !invalid_key /docs/errors": 40,
    },
    visitor_journeys={
        "/docs": 26,
        "/docs /docs/quickstart": 24,
        "/docs/errors": 20,
        "/ /pricing": 18,
        "/ /pricing /signup": 12,
    },
    work_journeys={
        "@shipments.create @shipments.create @shipments.track @shipments.track @rates.list @shipments.create": 34,
        "login /console + /console/logs + @shipments.track": 22,
        "/docs /docs/webhooks /docs/errors /console +": 14,
        "@rates.list @shipments.create !rate_limited @shipments.create @shipments.track": 14,
        "/console + + /console/keys": 11,
        "login /billing $credits_bought /console": 5,
    },
    referrers=SEARCH_REFERRERS | {"https://github.com/": 16},
    sends_session_id=False,
    numbers_its_users=True,
    api_agent=COURIER_SDK,
    event_id_style="number",
    users_format=".parquet",
)

COMPANIES = (LANTERN, KORNBLUME, PRAGATI)
SHARED_FEATURE = Feature("global_search", "Navigation", 0, 0)  # every workspace has it, nobody has found it yet
