"""The dashboard in a browser, on both engines: what is on the screen is what SQL says of the marts."""

import csv
import io
import os
import time
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from serving.dashboard import members
from serving.report import EVERYBODY, TIMEFRAMES
from serving.tokens import Tokens, token_file
from tests.browser.conftest import serving
from tests.browser.landing import IMAGE, SCRIPT, TEX, WORKSPACES
from tests.browser.screen import Screen, number, numbers
from tests.pipeline import Pipeline
from warehouse.open import open_warehouse

# Beside other tests a page waits for the processors, as long as these happen to take.
FIRST_PAINT_SECONDS = 10 if "PYTEST_XDIST_WORKER" in os.environ else 3
ENOUGH_NUMBERS = 40


class Marts:
    """SQL on what a pipeline published, for the rows that the selectors choose."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.warehouse = open_warehouse(pipeline.settings)
        self.chosen = ("acme", "30d", "all")

    def choose(self, *, timeframe: str | None = None, segment: str | None = None) -> None:
        workspace, old_timeframe, old_segment = self.chosen
        if segment not in (None, "all"):
            sql = f"select segment_id from dim_segments where workspace_id = 'acme' and segment_name = '{segment}'"
            ((segment,),) = self.warehouse.read(sql).rows
        self.chosen = (workspace, timeframe or old_timeframe, segment or old_segment)

    def rows(self, columns: str, table: str, order: str = "1", *, has_timeframe: bool = True) -> list[tuple]:
        workspace, timeframe, segment = self.chosen
        of_timeframe = f"and timeframe = '{timeframe}'" if has_timeframe else ""
        return self.warehouse.read(
            f"select {columns} from {table} "
            f"where workspace_id = '{workspace}' and segment_id = '{segment}' {of_timeframe} order by {order}"
        ).rows


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def shown(
    request: pytest.FixtureRequest, browser: Browser, warehouse: Callable[[str], Pipeline]
) -> Iterator[tuple[Screen, Marts]]:
    """An open page of Acme, and the marts behind it."""
    pipeline = warehouse(request.param)
    with serving(pipeline) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        screen = Screen(page, address)
        screen.open("?workspace=Acme")
        screen.settled()
        yield screen, Marts(pipeline)
        assert screen.requested_elsewhere == []
        assert screen.faults == []
        page.close()


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_first_reader_of_a_server_sees_numbers_within_three_seconds(
    engine: str, browser: Browser, warehouse: Callable[[str], Pipeline]
) -> None:
    with serving(warehouse(engine)) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        screen = Screen(page, address)
        started = time.monotonic()
        screen.open("?workspace=Acme")
        assert screen.metrics("headline")["DAU"]
        seconds = time.monotonic() - started
        page.close()
    print(f"\n{engine}: first paint after {seconds:.2f} s")
    assert seconds <= FIRST_PAINT_SECONDS


def test_numbers_on_screen_are_those_of_the_marts_whatever_is_selected(shown: tuple[Screen, Marts]) -> None:
    screen, marts = shown
    compared = 0
    headlines = set()
    for timeframe, segment in (
        ("30d", "Everybody"),
        ("90d", "Everybody"),
        ("365d", "Everybody"),
        ("7d", "Everybody"),
        ("90d", "Desktop-first"),
        ("90d", "Everybody"),
    ):
        screen.press("timeframe", timeframe)
        screen.choose("Segment", segment)
        marts.choose(timeframe=timeframe, segment="all" if segment == "Everybody" else segment)
        screen.press("section", "Overview")
        headlines.add(tuple(screen.metrics("headline").items()) + tuple(screen.deltas("headline").items()))
        compared += _compare(_overview(screen, marts))
    assert len(headlines) == 5
    # Now every section, of 90 days of everybody.
    for section, pairs in (
        ("Sessions", _sessions),
        ("Features", _features),
        ("Journeys", _journeys),
        ("Retention", _retention),
        ("Segments", _segments),
    ):
        screen.press("section", section)
        compared += _compare(pairs(screen, marts))
    print(f"{compared} numbers compared")
    assert compared >= ENOUGH_NUMBERS
    screen.press("section", "Overview")
    screen.choose("Segment", "Everybody")
    screen.press("timeframe", "30d")


Pairs = Iterator[tuple[str, Any, Any]]


def _compare(pairs: Pairs) -> int:
    """Each (what, on screen, in the marts) is equal; returns how many there were."""
    found = list(pairs)
    assert [(what, seen) for what, seen, _ in found] == [(what, said) for what, _, said in found]
    return len(found)


def _overview(screen: Screen, marts: Marts) -> Pairs:
    ((dau, wau, mau, dau_change, wau_change, mau_change, score, per_user, bounce, length),) = marts.rows(
        "dau, wau, mau, dau_change, wau_change, mau_change, engagement_score, avg_sessions_per_user, bounce_rate,"
        " avg_session_seconds",
        "rpt_activity",
    )
    cards, deltas = screen.metrics("headline"), screen.deltas("headline")
    yield "dau", number(cards["DAU"]), dau
    yield "wau", number(cards["WAU"]), wau
    yield "mau", number(cards["MAU"]), mau
    for name, change in (("DAU", dau_change), ("WAU", wau_change), ("MAU", mau_change)):
        yield f"change of {name}", number(deltas[name]) if name in deltas else None, change
    yield "engagement score", number(cards["Engagement score"]), score
    yield "sessions per user", number(cards["Sessions per user"]), per_user
    yield "bounce rate", number(cards["Bounce rate"]), bounce
    yield "mean session", _read_seconds(cards["Mean session"]), _whole(length)
    by_date = marts.rows("activity_date, active_users", "rpt_activity_by_date")
    (line,) = screen.chart("active")
    for day, (date, users) in zip(range(len(line["x"])), by_date, strict=True):
        yield f"active users of {date}", (line["x"][day][:10], line["y"][day]), (str(date), users)
    bars = {trace["name"]: trace for trace in screen.chart("growth")}
    active = [
        sum(parts) for parts in zip(*(bars[name]["y"] for name in ("New", "Returning", "Reactivated")), strict=True)
    ]
    if marts.chosen[2] == "all":
        grain = {"7d": "day", "30d": "day", "90d": "week", "365d": "month"}[marts.chosen[1]]
        periods = marts.warehouse.read(
            "select new_users, returning_users, reactivated_users, churned_users, active_users from fct_growth_periods"
            f" where workspace_id = 'acme' and grain = '{grain}' and period_start >= cast('{by_date[0][0]}' as date)"
            " order by period_start"
        ).rows
        for index, (new, returning, reactivated, churned, total) in enumerate(periods):
            yield f"new {index}", bars["New"]["y"][index], new
            yield f"returning {index}", bars["Returning"]["y"][index], returning
            yield f"reactivated {index}", bars["Reactivated"]["y"][index], reactivated
            yield f"churned {index}", -bars["Churned"]["y"][index], churned
            yield f"active {index}", active[index], total
        yield "periods", len(active), len(periods)
    (heat,) = screen.chart("hours")
    by_hour = marts.rows("hour_of_day, sessions", "rpt_activity_by_hour")
    for hour, sessions in by_hour:
        yield f"sessions at {hour}", sum(row[hour] for row in heat["z"]), sessions
    for weekday, sessions in marts.rows("iso_weekday, sessions", "rpt_activity_by_weekday"):
        yield f"sessions of weekday {weekday}", sum(heat["z"][weekday - 1]), sessions


def _sessions(screen: Screen, marts: Marts) -> Pairs:
    ((sessions, mean, median),) = marts.rows("sessions, avg_seconds, median_seconds", "rpt_sessions")
    cards = screen.metrics("sessions")
    yield "sessions", number(cards["Sessions"]), sessions
    yield "mean", _read_seconds(cards["Mean length"]), _whole(mean)
    yield "median", _read_seconds(cards["Median length"]), _whole(median)
    for panel, dimension in (("devices", "device_type"), ("browsers", "browser"), ("countries", "country_code")):
        parts = marts.rows("sessions, value, dimension", "rpt_session_breakdown", "sessions desc, value")
        expected = [(value, count) for count, value, of in parts if of == dimension]
        seen = zip(screen.drawn(panel, ".yaxislayer-above .ytick"), screen.drawn(panel, ".bartext"), strict=True)
        for (value, count), (name, words) in zip(expected, seen, strict=True):
            yield f"{panel} {value}", (name, number(words)), (value, count)


def _features(screen: Screen, marts: Marts) -> Pairs:
    features = marts.rows(
        "usage_rank, feature_name, usage_count, unique_users, adoption_rate, trend, is_unused", "rpt_features"
    )
    tiles = {tile.locator(".ff-name").inner_text(): tile for tile in screen.panel("features").locator(".ff-tile").all()}
    for _, name, uses, users, adoption, trend, _ in features:
        yield f"adoption of {name}", number(tiles[name].locator(".ff-value").inner_text()), adoption
        tiles[name].hover()
        more = tiles[name].locator(".ff-more")
        expect(more).to_be_visible()
        line = more.inner_text().splitlines()[1]
        yield f"uses of {name}", (*numbers(line), trend in line), (uses, users, True)
    top = [(name, uses) for _, name, uses, _, _, _, unused in features if not unused]
    yield "top", [(name, number(uses)) for name, uses in screen.table("trends")], top
    stages = marts.rows("stage_order, users, dropoff_rate", "rpt_adoption_funnel")
    for (order, users, dropoff), words in zip(stages, screen.drawn("adoption-funnel", ".bartext"), strict=True):
        seen = numbers(words)
        yield f"stage {order}", seen, [users] if dropoff is None else [users, -dropoff]


def _journeys(screen: Screen, marts: Marts) -> Pairs:
    flows = sum(sessions for (sessions,) in marts.rows("sessions", "rpt_page_flows"))
    (sankey,) = screen.chart("flows")
    yield "flows", sum(sankey["value"]), flows
    steps = marts.rows("step, page, reached, dropoff_rate, path_rank", "rpt_path_steps", "path_rank, step")
    first = [(page, reached, rate) for _, page, reached, rate, rank in steps if rank == 1]
    seen = screen.table("paths")
    for (page, reached, rate), (_, name, count, left) in zip(first, seen, strict=True):
        yield f"step {page}", (name, number(count), number(left)), (page, reached, rate)
    for panel, table, last in (
        ("entries", "rpt_entry_pages", "bounce_rate"),
        ("exits", "rpt_exit_pages", "avg_seconds_before_exit"),
    ):
        pages = marts.rows(f"page, sessions, users, {last}", table, "sessions desc, page")[:10]
        for (page, sessions, users, value), row in zip(pages, screen.table(panel), strict=True):
            is_rate = last == "bounce_rate"
            shown = number(row[3]) if is_rate else _read_seconds(row[3])
            yield (
                page,
                (row[0], number(row[1]), number(row[2]), shown),
                (
                    page,
                    sessions,
                    users,
                    value if is_rate else _whole(value),
                ),
            )
    conversions = marts.rows(
        "path_rank, conversions, users, conversion_rate, goal_name", "rpt_conversion_paths", "goal_name, path_rank"
    )
    signed_up = [row for row in conversions if row[4] == "Signed up"][:5]
    for (rank, count, users, rate, _), row in zip(signed_up, screen.table("conversions"), strict=True):
        yield f"conversion path {rank}", tuple(map(number, row[1:])), (count, users, rate)


def _retention(screen: Screen, marts: Marts) -> Pairs:
    points = marts.rows("day, retention_rate", "rpt_retention_curve")
    (line,) = screen.chart("curve")
    for (day, rate), x, y in zip(points[1:], line["x"], line["y"], strict=True):
        yield f"retention on day {day}", (x, Decimal(str(y))), (day, rate)
    cohorts = marts.warehouse.read(
        "select cohort_start, period_number, cohort_users, retained_users from fct_cohort_retention"
        " where workspace_id = 'acme' and grain = 'week' and period_number > 0 order by 1, 2"
    ).rows
    shares = {
        (str(start), period): None if retained is None else Decimal(100 * retained) / users
        for start, period, users, retained in cohorts
    }
    if marts.chosen[2] == EVERYBODY:
        for start, _, *cells in screen.table("cohorts"):
            for period, cell in enumerate(cells, start=1):
                share = shares[start, period]
                # An empty cell is one whose week is not over, and nothing else.
                yield f"cohort {start} week {period}", cell == "", share is None
                if share is not None:
                    yield f"share of cohort {start} week {period}", abs(number(cell) - share) <= Decimal("0.5"), True
    ((churned, rate, lifetime),) = marts.rows("churned_users, churn_rate, avg_lifetime_days", "rpt_churn")
    cards = screen.metrics("churn")
    yield "churned", number(cards["Churned users"]), churned
    yield "churn rate", number(cards["Churn rate"]), rate
    yield "lifetime", number(cards["Mean lifetime, days"]), lifetime
    risks = {
        state: (users, probability, sample)
        for state, users, probability, sample in marts.rows(
            "risk_state, users, churn_probability, sample_size", "rpt_churn_risk", has_timeframe=False
        )
    }
    for state, users, probability, sample, _ in screen.table("risk"):
        yield state, (number(users), number(probability), number(sample)), risks[state]


def _segments(screen: Screen, marts: Marts) -> Pairs:
    segments = {
        name: values
        for name, *values in marts.warehouse.read(
            "select segment_name, users, avg_engagement, avg_revenue from dim_segments where workspace_id = 'acme'"
        ).rows
    }
    for name, users, engagement, revenue, *_ in screen.table("segments"):
        yield name, [number(users), number(engagement), number(revenue)], segments[name]


def _read_seconds(words: str) -> Decimal | None:
    """Whole seconds of `3 min 05 s`, `1 h 02 min` or `45.00 s`."""
    found = numbers(words)
    if not found:
        return None
    if " h " in words:
        return found[0] * 60 + found[1]
    return found[0] * 60 + found[1] if " min " in words else _whole(found[0])


def _whole(seconds: Decimal | None) -> Decimal | None:
    return None if seconds is None else Decimal(round(seconds)) if seconds >= 60 else seconds.quantize(1, ROUND_HALF_UP)


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_segment_of_everybody_has_everybodys_growth_hours_and_cohorts(
    engine: str, warehouse: Callable[[str], Pipeline]
) -> None:
    """Periods, hours and cohorts of a segment are counted from its members' days; everybody's are marts."""
    with open_warehouse(warehouse(engine).settings).published() as tx:
        ((as_of_date, zone),) = tx.fetch(
            "select as_of_date, timezone from marts.dim_workspaces where workspace_id = 'acme'"
        )
        ((segment_id,),) = tx.fetch(
            "select segment_id from marts.dim_segments where workspace_id = 'acme' and segment_name = 'Ever active'"
        )
        for timeframe in TIMEFRAMES:
            everybody, members_of_all = (
                (
                    members.growth_by_period(tx, "acme", timeframe, segment, as_of_date),
                    members.sessions_by_weekday_and_hour(tx, "acme", timeframe, segment, as_of_date, zone),
                    members.cohort_triangle(tx, "acme", timeframe, segment, as_of_date),
                )
                for segment in (EVERYBODY, segment_id)
            )
            assert members_of_all == everybody
            assert everybody[0] and everybody[2] and sum(map(sum, everybody[1]))


def test_click_on_a_way_leads_to_the_drop_offs_of_a_path_that_takes_it(shown: tuple[Screen, Marts]) -> None:
    screen, marts = shown
    marts.choose(timeframe="30d", segment="all")
    screen.press("section", "Journeys")
    paths = marts.rows("path_rank, path", "rpt_paths")
    first = paths[0][1].split(" > ")
    other = next(path.split(" > ") for _, path in paths if path.split(" > ")[0] != first[0])
    assert screen.table("paths")[0][1] == first[0]
    (sankey,) = screen.chart("flows")
    node = sankey["label"].index(other[0])
    screen.panel("flows").locator(".sankey-node .node-rect").nth(node).click()
    expect(screen.panel("paths").locator("tbody tr").first).to_contain_text(other[0])
    taken = next(path for _, path in paths if path.startswith(f"{other[0]} > "))
    assert [row[1] for row in screen.table("paths")] == taken.split(" > ")


def test_panel_has_its_definition_and_its_rows_at_hand(shown: tuple[Screen, Marts]) -> None:
    screen, marts = shown
    marts.choose(timeframe="30d", segment="all")
    screen.press("section", "Retention")
    panel = screen.panel("risk")
    panel.get_by_test_id("stPopover").locator("button").first.click()
    definition = screen.page.locator(".ff-definition")
    expect(definition).to_contain_text("churn_probability")
    screen.page.keyboard.press("Escape")
    expect(definition).to_have_count(0)
    with screen.page.expect_download() as download:
        panel.get_by_test_id("stDownloadButton").locator("button").first.click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    expected = marts.rows("risk_state, users, sample_size", "rpt_churn_risk", has_timeframe=False)
    assert sorted((row["risk_state"], int(row["users"]), int(row["sample_size"])) for row in rows) == sorted(expected)
    screen.press("section", "Overview")


def test_names_are_shown_as_they_are_and_never_run(shown: tuple[Screen, Marts]) -> None:
    screen, _ = shown
    screen.choose("Workspace", WORKSPACES[1]["name"])
    for section in ("Overview", "Sessions", "Features", "Journeys", "Retention", "Segments"):
        screen.press("section", section)
        body = screen.page.locator("body")
        assert body.locator(".katex, a[href^='javascript'], img[src=x]").count() == 0
        assert screen.page.title() == "Footfall"
        if section == "Features":
            expect(screen.panel("features")).to_contain_text(SCRIPT)
            expect(screen.panel("features")).to_contain_text(TEX)
        if section == "Journeys":
            expect(screen.panel("entries")).to_contain_text(IMAGE)
            assert {SCRIPT[:21] + "…", TEX[:21] + "…"} <= set(screen.drawn("flows", ".node-label"))
        if section == "Segments":
            expect(screen.panel("segments")).to_contain_text(TEX)
    screen.choose("Segment", TEX)
    screen.choose("Workspace", "Acme")
    screen.press("section", "Overview")


def test_empty_states_say_so(shown: tuple[Screen, Marts]) -> None:
    screen, _ = shown
    screen.choose("Workspace", "Silent")
    expect(screen.page.locator(".ff-empty")).to_contain_text("Silent has no events yet")
    screen.choose("Workspace", "Acme")
    screen.choose("Segment", "Power users")
    for section, empty in (
        ("Overview", "active"),
        ("Sessions", "lengths"),
        ("Journeys", "flows"),
        ("Retention", "risk"),
    ):
        screen.press("section", section)
        expect(screen.panel(empty).locator(".ff-empty")).to_be_visible()
    screen.choose("Segment", "Everybody")
    screen.press("section", "Overview")


def test_token_opens_its_own_workspaces_until_it_is_revoked(
    browser: Browser, warehouse: Callable[[str], Pipeline]
) -> None:
    pipeline = warehouse("duckdb")
    tokens = Tokens(token_file(pipeline.settings.home))
    token = tokens.create("a reader", ["silent"], days=1)
    with serving(pipeline, "--require-token") as address:
        page = browser.new_page()
        screen = Screen(page, address)
        screen.open("?workspace=Acme")
        field = page.get_by_label("Token", exact=True)
        field.fill("ff_guessed")
        page.get_by_role("button", name="Open the dashboard").click()
        expect(page.get_by_role("alert").filter(has_text="opens nothing")).to_be_visible()
        assert page.locator(".st-key-selectors").count() == 0
        field.fill(token)
        page.get_by_role("button", name="Open the dashboard").click()
        expect(page.locator(".ff-empty")).to_contain_text("Silent has no events yet")
        assert "Acme" not in page.content() and token not in page.url
        tokens.revoke("a reader")
        page.locator(".st-key-timeframe").get_by_role("radio", name="7d", exact=True).click()
        expect(page.get_by_role("alert").filter(has_text="opens nothing")).to_be_visible()
        page.close()


def test_page_fits_a_phone_and_follows_a_dark_screen(browser: Browser, warehouse: Callable[[str], Pipeline]) -> None:
    with serving(warehouse("duckdb")) as address:
        page = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme="dark")
        screen = Screen(page, address)
        screen.open("?workspace=Acme")
        for section in ("Overview", "Sessions", "Features", "Journeys", "Retention", "Segments"):
            screen.press("section", section)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= 390, f"{section} is {width} wide"
        background = page.locator("[data-testid=stApp]").evaluate("e => getComputedStyle(e).backgroundColor")
        assert background == "rgb(17, 22, 29)"
        page.close()
