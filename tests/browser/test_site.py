"""The built documentation: every link leads somewhere, and a browser that may ask nobody else shows all of it."""

import os
from collections.abc import Iterator
from functools import cache, partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, Page

FOLDER = os.environ.get("FOOTFALL_TEST_SITE")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="the site is built by `make site`, with Sphinx")
SITE = Path(FOLDER or "site").absolute()


class Links(HTMLParser):
    """The ids of a page, and what it refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.targets: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.ids |= {named[name] for name in ("id", "name") if named.get(name)}
        self.targets += [named[name] for name in ("href", "src") if named.get(name)]


@cache
def links_of(page: Path) -> Links:
    return Links(page.read_text(encoding="utf-8"))


def pages() -> list[Path]:
    """Every page but dbt's own, which is one script."""
    return sorted(page for page in SITE.rglob("*.html") if page.parent.name != "reference")


def test_every_link_within_the_site_leads_to_a_file_and_a_place() -> None:
    assert len(pages()) > 25
    broken = []
    for page in pages():
        for target in links_of(page).targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            file = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            has_place = not parts.fragment or file.suffix != ".html" or unquote(parts.fragment) in links_of(file).ids
            if not file.is_file() or not has_place:
                broken.append((str(page.relative_to(SITE)), target))
    assert not broken


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Requests are not worth a line each."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=SITE))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page that may ask this server only; whom else it asked, and what failed, is looked at in the end."""
    page = browser.new_page()
    faults: list[str] = []

    def refuse(route) -> None:
        faults.append(route.request.url)
        route.abort()

    page.route(lambda url: not url.startswith((address, "data:", "blob:")), refuse)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("response", lambda response: faults.append(response.url) if response.status >= 400 else None)
    yield page
    page.close()
    assert not faults


def test_pictures_are_drawn(page: Page, address: str) -> None:
    for name in ("index", "bi", "dashboard", "lineage"):
        page.goto(f"{address}/{name}.html")
        page.wait_for_load_state("load")
        widths = page.locator("article img").evaluate_all("images => images.map(image => image.naturalWidth)")
        assert widths and all(widths), name


def test_search_finds_a_word_of_a_page(page: Page, address: str) -> None:
    page.goto(f"{address}/search.html?q=pseudonym")
    page.locator("#search-results a", has_text="Privacy").first.wait_for()


def test_reference_of_dbt_shows_a_column_with_its_words(page: Page, address: str) -> None:
    page.goto(f"{address}/index.html")
    page.get_by_role("link", name="Every table and column").click()
    page.goto(f"{address}/reference/index.html#!/model/model.footfall.rpt_activity")
    page.get_by_text("bounce_rate_denominator").first.wait_for()
