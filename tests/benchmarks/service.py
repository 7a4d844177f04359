"""What answers of `footfall serve` cost a client: `python -m tests.benchmarks.service`, on FOOTFALL_HOME.

The service is started as a user starts it, and asked over HTTP, one request at a time.
"""

import statistics
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from socket import socket

import click
import httpx

from orchestration.settings import Settings
from serving.report import TIMEFRAMES
from serving.service import PART_PATHS
from serving.tokens import Tokens, token_file
from tests.benchmarks.measure import FOOTFALL, environment_of
from warehouse.open import open_warehouse

WHOLE_DOCUMENT = "report"
SEGMENTS_ASKED = 5


@dataclass(frozen=True)
class Latencies:
    """Milliseconds from request to whole answer.

    Attributes:
        computed: the slowest first answer by what is asked for: `report` or one of its parts.
        cached: that 95 of 100 answers of the whole document took at most, each computed before.
    """

    computed: dict[str, float]
    cached: float


def measure_answers(settings: Settings, requests: int) -> Latencies:
    """Ask for every part of the largest workspace's document by timeframe and segment, and again for the whole."""
    warehouse = open_warehouse(settings)
    ((workspace,),) = warehouse.read("select workspace_id from dim_workspaces order by users desc limit 1").rows
    segments = warehouse.read(
        f"select segment_id from dim_segments where workspace_id = '{workspace}' order by users desc"
        f" limit {SEGMENTS_ASKED - 1}"
    ).rows
    asked = [
        {"timeframe": timeframe, "segment": segment}
        for timeframe, segment in product(TIMEFRAMES, ["all", *(segment for (segment,) in segments)])
    ]
    with _served(settings, workspace) as client:

        def milliseconds(path: str, parameters: dict[str, str]) -> float:
            started = time.perf_counter()
            client.get(f"/v1/workspaces/{workspace}/{path}", params=parameters).raise_for_status()
            return 1000 * (time.perf_counter() - started)

        client.get("/v1/workspaces").raise_for_status()
        computed = {
            path: max(milliseconds(path, parameters) for parameters in asked) for path in [*PART_PATHS, WHOLE_DOCUMENT]
        }
        cached = [milliseconds(WHOLE_DOCUMENT, asked[number % len(asked)]) for number in range(requests)]
    return Latencies(computed, statistics.quantiles(cached, n=20)[18])


@contextmanager
def _served(settings: Settings, workspace: str) -> Iterator[httpx.Client]:
    """A client of the service, which runs in the block, with a token of the workspace."""
    tokens, name = Tokens(token_file(settings.home)), f"benchmark {uuid.uuid4()}"
    token = tokens.create(name, [workspace], 1)
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = subprocess.Popen(
        [FOOTFALL, "serve", "--port", str(port)],
        env={**environment_of(settings), "FOOTFALL_SERVE_REQUESTS_PER_MINUTE": "1000000"},
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_it_answers(url)
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
            yield client
    finally:
        service.terminate()
        service.wait()
        tokens.revoke(name)


def _wait_until_it_answers(url: str) -> None:
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
    """Measure on what is published in FOOTFALL_HOME, the workspace with the most users."""
    settings = Settings()
    latencies = measure_answers(settings, requests)
    for path, milliseconds in latencies.computed.items():
        click.echo(f"{settings.target}: {path}, the slowest of its first answers: {milliseconds:.1f} ms")
    click.echo(f"{settings.target}: whole document, 95 of 100 of {requests} kept answers: {latencies.cached:.1f} ms")


if __name__ == "__main__":
    main()
