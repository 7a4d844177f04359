"""A Chromium of the system, and dashboards that listen on free ports."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, sync_playwright

from orchestration.settings import PROJECT_ROOT
from tests.browser.landing import CLOCK, write_landing
from tests.pipeline import Pipeline

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
)
START_SECONDS = 90
STOP_SECONDS = 15


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if executable is None:
        pytest.skip(f"there is no Chromium on the PATH (looked for {', '.join(CHROMIUM_NAMES)})")
    with sync_playwright() as playwright:
        # Playwright gives every start a profile of its own.
        browser = playwright.chromium.launch(executable_path=executable, args=list(CHROMIUM_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def warehouse(
    make_pipeline: Callable[..., Pipeline], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Pipeline]:
    """warehouse(engine): the workload of tests.browser.landing, published."""
    landing = write_landing(tmp_path_factory.mktemp("dashboard") / "landing")
    made: dict[str, Pipeline] = {}

    def published(engine: str) -> Pipeline:
        if engine not in made:
            pipeline = make_pipeline(engine)
            pipeline.run(landing, clock=CLOCK)
            made[engine] = pipeline
        return made[engine]

    return published


@contextmanager
def serving(pipeline: Pipeline, *arguments: str) -> Iterator[str]:
    """`footfall dashboard` on what the pipeline published; yields its address, and checks that SIGTERM ends it well."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = pipeline.settings
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTFALL_", "STREAMLIT_"))}
    kept |= {"FOOTFALL_HOME": str(settings.home), "FOOTFALL_TARGET": settings.target}
    if settings.postgres_dsn is not None:
        kept["FOOTFALL_POSTGRES_DSN"] = settings.postgres_dsn.get_secret_value()
    log: Path = settings.home / f"dashboard-{port}.log"
    with open(log, "w") as out:
        server = subprocess.Popen(
            [PROJECT_ROOT / ".venv/bin/footfall", "dashboard", "--no-browser", "--port", str(port), *arguments],
            env=kept,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(server, address, log)
        yield address
        server.terminate()
        assert server.wait(STOP_SECONDS) == 0, log.read_text()
        assert "Traceback" not in log.read_text()
    finally:
        server.kill()
        server.wait()


def _wait_until_up(server: subprocess.Popen, address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        try:
            with urlopen(f"{address}/_stcore/health", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"the dashboard did not start in {START_SECONDS} s:\n{log.read_text()}")
