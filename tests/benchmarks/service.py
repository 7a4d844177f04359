"""What cached answers of `footfall serve` cost a client: `python -m tests.benchmarks.service`, on FOOTFALL_HOME.

The service is started as a user starts it, and asked over HTTP for the same documents again and again, one at a time.
"""

import os
import statistics
import subprocess
import time
import uuid
from dataclasses import dataclass
from socket import socket

import click
import httpx

from orchestration.settings import Settings
from serving.report import TIMEFRAMES
from serving.tokens import Tokens, token_file
from tests.benchmarks.measure import FOOTFALL
from warehouse.open import open_warehouse


@dataclass(frozen=True)
class Latency:
    """Milliseconds from request to whole answer: of the first, which is computed, and percentiles of those after it."""

    first: float
    p50: float
    p95: float


def measure_cached_answers(url: str, token: str, workspace: str, requests: int) -> Latency:
    """Ask a running service for a workspace's documents of every timeframe in turn, after each was computed once."""
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client:

        def seconds(number: int) -> float:
            started = time.perf_counter()
            asked = {"timeframe": TIMEFRAMES[number % len(TIMEFRAMES)]}
            client.get(f"/v1/workspaces/{workspace}/report", params=asked).raise_for_status()
            return time.perf_counter() - started

        computed = [seconds(number) for number in range(len(TIMEFRAMES))]
        cached = [seconds(number) for number in range(requests)]
    percentiles = statistics.quantiles(cached, n=20)
    return Latency(1000 * computed[0], 1000 * percentiles[9], 1000 * percentiles[18])


def wait_until_it_answers(url: str) -> None:
    """Ask until the service is up.

    Raises:
        TimeoutError: it was not within a minute.
    """
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/health").raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise TimeoutError(f"{url} does not answer")


@click.command()
@click.option("--requests", type=click.IntRange(20), default=1000, show_default=True)
def main(requests: int) -> None:
    """Measure on what is published in FOOTFALL_HOME, the first workspace of all."""
    settings = Settings()
    rows = open_warehouse(settings).read("select min(workspace_id) from rpt_activity").rows
    tokens, name = Tokens(token_file(settings.home)), f"benchmark {uuid.uuid4()}"
    token = tokens.create(name, [rows[0][0]], 1)
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = subprocess.Popen(
        [FOOTFALL, "serve", "--port", str(port)],
        env={**os.environ, "FOOTFALL_SERVE_REQUESTS_PER_MINUTE": "1000000"},
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_it_answers(url)
        latency = measure_cached_answers(url, token, rows[0][0], requests)
    finally:
        service.terminate()
        service.wait()
        tokens.revoke(name)
    click.echo(
        f"{settings.target}: first {latency.first:.1f} ms; of {requests} cached answers "
        f"p50 {latency.p50:.1f} ms, p95 {latency.p95:.1f} ms"
    )


if __name__ == "__main__":
    main()
