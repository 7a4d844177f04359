"""What a reader of the dashboard sees and does, through a browser."""

import re
from decimal import Decimal
from typing import Any

from playwright.sync_api import Locator, Page, expect

NOTHING = "–"
WAIT_MS = 30_000
# Streamlit shows on the page whether its script runs; how often it ended is for a test to count.
_COUNT_RUNS = """
window.runs = 0;
let state = null;
new MutationObserver(() => {
  const now = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState;
  if (now !== state && now === "notRunning") window.runs += 1;
  state = now;
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-test-script-state"] });
"""

# A page that is being drawn may show a card before its words, or take it away to draw it again.
_LABELLED_CARDS = """
key => {
  const cards = [...document.querySelectorAll(`.st-key-panel-${key} [data-testid=stMetric]`)];
  const words = (card, part) => card.querySelector(`[data-testid=stMetric${part}]`)?.innerText.trim();
  const pairs = cards.map(card => [words(card, "Label"), words(card, "Value")]);
  return pairs.length > 0 && pairs.every(([label, value]) => label && value) && Object.fromEntries(pairs);
}
"""


class Screen:
    """One open page of the dashboard.

    Attributes:
        requested_elsewhere: addresses outside the server that the page asked for.
        faults: what the browser's console reported as errors.
    """

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self._address = address
        self.requested_elsewhere: list[str] = []
        self.faults: list[str] = []
        page.set_default_timeout(WAIT_MS)
        page.on("request", lambda request: self._note(request.url))
        page.on("console", lambda message: self.faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    def _note(self, url: str) -> None:
        own = (self._address, self._address.replace("http", "ws"), "data:", "blob:")
        if not url.startswith(own):
            self.requested_elsewhere.append(url)

    def open(self, query: str = "") -> None:
        """Load the page and wait for what it shows first."""
        self.page.add_init_script(_COUNT_RUNS)
        self.page.goto(f"{self._address}/{query}")
        self.page.locator(".ff-brand").wait_for()

    def settled(self, runs_before: int = 0) -> None:
        """Wait until the server has run the page to its end once more than so often."""
        self.page.wait_for_function("before => window.runs > before", arg=runs_before)
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        expect(self.page.locator("[data-stale=true]")).to_have_count(0)

    def choose(self, selector: str, words: str) -> None:
        """Pick from the selector with that label; what is picked already stays."""
        box = self.page.locator(f".st-key-{selector.lower()} input[role=combobox]")
        if box.input_value() == words:
            return
        runs = self._runs()
        # By key, for a list that is opened by a click closes when the page is still scrolling to it.
        box.press("ArrowDown")
        self.page.get_by_role("option", name=words, exact=True).click()
        self.settled(runs)

    def press(self, group: str, words: str) -> None:
        """Press one of the buttons beside each other, group `timeframe` or `section`, unless it is pressed."""
        button = self.page.locator(f".st-key-{group}").get_by_role("radio", name=words, exact=True)
        if button.get_attribute("aria-checked") == "true":
            return
        runs = self._runs()
        button.click()
        self.settled(runs)

    def _runs(self) -> int:
        return self.page.evaluate("window.runs")

    def panel(self, key: str) -> Locator:
        return self.page.locator(f".st-key-panel-{key}")

    def metrics(self, key: str) -> dict[str, str]:
        """Label and value of the cards of a panel, as they are at one moment at which every card has both."""
        return self.page.wait_for_function(_LABELLED_CARDS, arg=key).json_value()

    def deltas(self, key: str) -> dict[str, str]:
        """Label and change of the cards that have one."""
        found = {}
        for card in self.panel(key).locator("[data-testid=stMetric]").all():
            delta = card.locator("[data-testid=stMetricDelta]")
            if delta.count():
                label = card.locator("[data-testid=stMetricLabel]").inner_text().strip()
                found[label] = delta.inner_text().strip()
        return found

    def table(self, key: str, number: int = 0) -> list[list[str]]:
        """The cells of a table's body, by row."""
        body = self.panel(key).locator("table").nth(number).locator("tbody")
        body.wait_for()
        return body.evaluate("b => [...b.rows].map(r => [...r.cells].map(c => c.innerText.trim()))")

    def chart(self, key: str) -> list[dict[str, Any]]:
        """What a chart draws: x, y, z, text and the labels of each trace, as Plotly holds it."""
        chart = self.panel(key).locator(".js-plotly-plot").first
        chart.locator(".main-svg").first.wait_for()
        return chart.evaluate(
            """gd => gd._fullData.map(t => ({
                name: t.name, x: t.x && [...t.x], y: t.y && [...t.y], z: t.z && [...t.z].map(r => [...r]),
                label: t.node && t.node.label, value: t.link && [...t.link.value]}))"""
        )

    def drawn(self, key: str, part: str) -> list[str]:
        """The texts that a chart shows, such as `.bartext` or `.ytick`."""
        found = self.panel(key).locator(f".js-plotly-plot {part}")
        found.first.wait_for()
        return found.evaluate_all("all => all.map(each => each.textContent.trim())")


def numbers(words: str) -> list[Decimal]:
    """The numbers in a text of the screen."""
    return [
        Decimal(found.replace(",", "").replace("−", "-")) for found in re.findall(r"[-−]?\d[\d,]*(?:\.\d+)?", words)
    ]


def number(words: str) -> Decimal | None:
    """The only number in a text of the screen; None for a dash."""
    if words == NOTHING:
        return None
    (found,) = numbers(words)
    return found
