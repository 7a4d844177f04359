"""Photographs the dashboard that runs at the address given, into this folder: see `make picture`."""

import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

FOLDER = Path(__file__).parent
CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
]
# name, width, height, colour scheme, query
PICTURES = (
    ("dashboard", 1280, 1420, "light", "workspace=Kornblume%20K%C3%BCche&timeframe=90d"),
    ("dashboard-journeys-dark", 1280, 1000, "dark", "workspace=Lanternworks&section=Journeys"),
    ("dashboard-features", 1280, 1040, "light", "workspace=Lanternworks&section=Features"),
    ("dashboard-retention", 1280, 1420, "light", "workspace=Lanternworks&section=Retention&timeframe=90d"),
    ("dashboard-phone", 390, 1500, "light", "workspace=Kornblume%20K%C3%BCche"),
)


def photograph(browser: Browser, address: str, name: str, width: int, height: int, scheme: str, query: str) -> None:
    """Write one picture, in 256 colours, which halves it."""
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.goto(f"{address}/?{query}")
    page.locator(".js-plotly-plot .main-svg, .ff-table").first.wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.wait_for_timeout(2000)  # charts and fonts settle
    file = FOLDER / f"{name}.png"
    page.screenshot(path=file)
    page.close()
    Image.open(file).convert("P", palette=Image.Palette.ADAPTIVE, colors=256).save(file, optimize=True)


with sync_playwright() as playwright:
    chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_ARGUMENTS)
    for picture in PICTURES:
        photograph(chromium, sys.argv[1], *picture)
    chromium.close()
