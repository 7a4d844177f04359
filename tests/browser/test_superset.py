"""Superset's charts, in a real browser, show the numbers of the marts.

Every number is read from the screen: of big numbers and tables as text, of drawn charts from the tooltip that stands
where the mouse is. The SQL beside each chart's name is written from the contract, not from the chart.
"""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

from ingest.demo import write_demo
from serving.superset.bundle import assets, bundle
from tests.browser.superset import USER, Superset
from tests.pipeline import Pipeline
from warehouse.access import Reader
from warehouse.open import open_warehouse

ENVIRONMENT = os.environ.get("FOOTFALL_TEST_SUPERSET")
PICTURE = os.environ.get("FOOTFALL_TEST_SUPERSET_PICTURE")
pytestmark = pytest.mark.skipif(
    ENVIRONMENT is None, reason="Superset needs an environment of its own, which `make superset` sets up"
)
DEMO_LAST_DAY = date(2026, 1, 31)
DEMO_CLOCK = datetime(2026, 2, 1, 12, tzinfo=UTC)
PATIENCE = 90_000  # milliseconds

REPORT = "workspace_id = '{workspace}' and segment_id = 'all' and timeframe = '{timeframe}'"
BIG_NUMBERS = {
    "DAU": f"select dau from rpt_activity where {REPORT}",
    "WAU": f"select wau from rpt_activity where {REPORT}",
    "MAU": f"select mau from rpt_activity where {REPORT}",
    "Bounce rate, %": f"select bounce_rate from rpt_activity where {REPORT}",
}
TABLES = {
    "Features": "select usage_rank, feature_name, category, usage_count, unique_users, adoption_rate, retention_rate,"
    f" trend from rpt_features where {REPORT} order by usage_rank",
    "Entry pages": f"select page, sessions, users from rpt_entry_pages where {REPORT} order by sessions desc, page",
}
# The first column is what the tooltip is about, the others are its series.
DRAWN = {
    "Active users and sessions by day": 'select activity_date, active_users as "Active users", sessions as "Sessions"'
    f" from rpt_activity_by_date where {REPORT}",
    "Events by hour of day": f'select hour_of_day, events as "Events" from rpt_activity_by_hour where {REPORT}',
    "Sessions by length": "select value_order || '. ' || value, sessions as \"Sessions\" from rpt_session_breakdown"
    f" where {REPORT} and dimension = 'length_bucket'",
    "Adoption funnel": f'select stage, users as "Users" from rpt_adoption_funnel where {REPORT}',
    "Retention by days after the first, %": "select lpad(cast(first_day as text), 2, '0') || '-'"
    " || lpad(cast(last_day as text), 2, '0'), retention_rate as \"Retention rate\""
    f" from rpt_retention_brackets where {REPORT}",
    "Users by risk state": "select risk_order || '. ' || risk_state, users as \"Users\" from rpt_churn_risk"
    " where workspace_id = '{workspace}' and segment_id = 'all'",
    "New, returning and reactivated users of the last 7 days": 'select activity_date, new_users as "New",'
    ' returning_users as "Returning", reactivated_users as "Reactivated" from fct_growth_rolling'
    " where workspace_id = '{workspace}' and window_days = 7",
}


@pytest.fixture(scope="module")
def demo(make_pipeline: Callable[..., Pipeline], tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The demo workload on Postgres, published."""
    landing = tmp_path_factory.mktemp("superset-demo")
    write_demo(landing, DEMO_LAST_DAY)
    pipeline = make_pipeline("postgres", role_prefix="superset_test_")
    pipeline.run(landing, clock=DEMO_CLOCK)
    return pipeline


@pytest.fixture(scope="module")
def address_and_superset(demo: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Superset]]:
    """An empty Superset into which one command brought everything, as a role that reads `marts` only."""
    reader = Reader("superset_test_reader", group="marts_reader", password="a 'word' of @ tests/")
    open_warehouse(demo.settings).set_up_access(reader)
    home = tmp_path_factory.mktemp("superset")
    dsn = demo.settings.postgres_dsn.get_secret_value()
    as_reader = f"postgresql://{reader.role}@{dsn.rpartition('@')[2]}"
    (home / "footfall.zip").write_bytes(bundle(as_reader, "marts", reader.password))
    superset = Superset(Path(ENVIRONMENT).absolute(), home)
    superset.set_up()
    superset.run("import-dashboards", "--path", "footfall.zip", "--username", USER)
    with superset.serving() as address:
        yield address, superset


@pytest.fixture(scope="module")
def page(browser: Browser, address_and_superset: tuple[str, Superset]) -> Iterator[Page]:
    """The dashboard, opened by one who logged in; whatever lies outside this machine is not asked."""
    address, superset = address_and_superset
    page = browser.new_page(viewport={"width": 1400, "height": 2600})
    page.set_default_timeout(PATIENCE)
    page.route(lambda url: not url.startswith(address), lambda route: route.abort())
    page.goto(f"{address}/login/")
    page.locator("#username").fill(USER)
    page.locator("#password").fill(superset.password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "login" not in url)
    page.goto(f"{address}/superset/dashboard/footfall/")
    wait_until_drawn(page)
    yield page
    page.close()


def wait_until_drawn(page: Page) -> None:
    """Every chart is there, no spinner is, and nothing is on its way."""
    page.locator("[data-test=slice-container]").nth(len(assets("charts")) - 1).wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_function("() => document.querySelectorAll('[data-test=loading-indicator]').length === 0")
    page.wait_for_timeout(2000)  # charts are drawn in motion


def choose(page: Page, name: str, value: str) -> None:
    """Set one of the dashboard's filters and apply it."""
    control = page.locator("[data-test=filter-bar] [data-test=form-item-value]").nth(FILTERS.index(name))
    control.locator("input").fill(value)
    page.locator(".ant-select-item-option", has_text=value).first.click()
    page.locator("[data-test=filter-bar__apply-button]").click()
    wait_until_drawn(page)


FILTERS = ("Workspace", "Timeframe", "Segment")


def chart_named(page: Page, name: str) -> Locator:
    title = page.locator("[data-test=editable-title]").get_by_text(name, exact=True)
    return page.locator("[data-test=dashboard-component-chart-holder]").filter(has=title)


def shown(value: object) -> str:
    """A value as the charts write it."""
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    if isinstance(value, int):
        return f"{value:,}"
    return "N/A" if value is None else str(value)


def tooltips(page: Page, drawing: Locator, wanted: int) -> dict[str, dict[str, str]]:
    """Title -> series -> number of each tooltip that the mouse finds on its way over the drawing, or down a funnel."""
    page.mouse.move(0, 0)
    visible = page.locator(".echarts-tooltip:visible")
    visible.wait_for(state="hidden")  # that of the drawing before
    box = drawing.bounding_box()
    across = [(x, 0.5 * box["height"]) for x in range(0, int(box["width"]))]
    down = [(0.5 * box["width"], y) for y in range(0, int(box["height"]), 4)]
    found: dict[str, dict[str, str]] = {}
    for x, y in across + down:
        page.mouse.move(box["x"] + x, box["y"] + y)
        # One that is about to be filled is empty.
        for text in filter(None, visible.all_inner_texts()):
            title, *rows = text.splitlines()
            found[title] = dict(row.split("\t")[:2] for row in rows if "\t" in row)
        if len(found) == wanted:
            break
    return found


def without_zeros(drawn: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """A stacked drawing leaves a series of zero out of its tooltip, others write it."""
    return {
        title: {series: text for series, text in numbers.items() if text != "0"} for title, numbers in drawn.items()
    }


@pytest.mark.parametrize(("workspace", "timeframe"), [("kornblume", "30d"), ("lantern", "90d")])
def test_every_number_on_the_dashboard_is_that_of_the_marts(
    page: Page, demo: Pipeline, workspace: str, timeframe: str
) -> None:
    warehouse = open_warehouse(demo.settings)
    if workspace != "kornblume":  # the first one, which the dashboard opens with
        choose(page, "Workspace", workspace)
        choose(page, "Timeframe", timeframe)

    def fetch(sql: str):
        return warehouse.read(sql.format(workspace=workspace, timeframe=timeframe))

    assert {*BIG_NUMBERS, *TABLES, *DRAWN} == {chart["slice_name"] for chart in assets("charts")}
    for name, sql in BIG_NUMBERS.items():
        ((value,),) = fetch(sql).rows
        assert chart_named(page, name).locator(".header-line").inner_text() == shown(value), name
    for name, sql in TABLES.items():
        rows = chart_named(page, name).locator("tbody tr").all()
        cells = [[cell.strip() for cell in row.locator("td").all_inner_texts()] for row in rows]
        assert cells == [[shown(value) for value in row] for row in fetch(sql).rows], name
    for name, sql in DRAWN.items():
        answer = fetch(sql)
        expected = {
            shown(row[0]): {series: shown(value) for series, value in zip(answer.columns[1:], row[1:], strict=True)}
            for row in answer.rows
        }
        found = tooltips(page, chart_named(page, name).locator("canvas"), len(expected))
        assert without_zeros(found) == without_zeros(expected), name
    if PICTURE and workspace == "kornblume":
        page.mouse.move(0, 0)
        page.locator(".echarts-tooltip:visible").wait_for(state="hidden")
        page.screenshot(path=PICTURE)
