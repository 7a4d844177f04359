"""The real command meets a day with a tenth of its events: nothing is published until somebody accepts it."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT
from tests.pipeline import SECRET
from tests.thorough import DUCKDB_OR_BOTH

FOOTFALL = Path(sys.executable).parent / "footfall"
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
DAYS_AGO = timedelta(days=1)


class Installation:
    """The command in a home of its own, with a landing folder that is given a file a day."""

    def __init__(self, pipeline) -> None:
        self.pipeline = pipeline
        self.home = pipeline.settings.home
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTFALL_", "DAGSTER_"))}
        self.environment = kept | {
            "FOOTFALL_HOME": str(self.home),
            "FOOTFALL_TARGET": pipeline.settings.target,
            "FOOTFALL_SECRET_KEY": SECRET,
            "FOOTFALL_SETTLE_SECONDS": "0",
        }
        if pipeline.settings.postgres_dsn:
            self.environment["FOOTFALL_POSTGRES_DSN"] = pipeline.settings.postgres_dsn.get_secret_value()

    def land(self, days_ago: int, events: int) -> None:
        begins = TODAY - days_ago * DAYS_AGO
        rows = (
            {
                "event_id": f"{days_ago} {number}",
                "user_id": f"u{number % 10}",
                "event_type": "page_view",
                "page_path": "/",
                "created_at": (begins + number * timedelta(minutes=1)).isoformat(),
            }
            for number in range(events)
        )
        folder = self.home / "landing" / "events"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{days_ago}.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def footfall(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [FOOTFALL, *arguments],
            cwd=PROJECT_ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def published(self) -> str:
        """The last day that readers see."""
        return self.footfall("query", "--format", "csv", "select as_of_date from dim_workspaces").stdout.split()[-1]


@pytest.mark.parametrize("engine", DUCKDB_OR_BOTH)
def test_drop_blocks_publishing_until_it_is_accepted(engine, make_pipeline):
    installation = Installation(make_pipeline(engine))
    for days_ago in range(16, 1, -1):
        installation.land(days_ago, 300)
    first = installation.footfall("run")
    assert first.returncode == 0, first.stderr
    before = installation.published()

    installation.land(1, 20)
    blocked = installation.footfall("run")
    assert blocked.returncode == 1
    assert re.search(r"failed: loads_as_usual\n    workspace default, \w+ \S+: 20 events, usually 300", blocked.stderr)
    assert "93 % fewer" in blocked.stderr
    assert "Nothing was published" in blocked.stderr
    assert "error: " not in blocked.stderr, "a gate that blocks is no step that broke"
    assert installation.published() == before
    doctor = installation.footfall("doctor").stdout
    (finding_id,) = set(re.findall(r"footfall accept (\w{8}) ", blocked.stderr))
    assert re.search(rf"note  blocked .*footfall accept {finding_id} ", doctor)

    refused = installation.footfall("accept", "00000000", "--reason", "a guess")
    assert refused.returncode == 1
    accepted = installation.footfall("accept", finding_id, "--reason", "a public holiday", "--by", "ada")
    assert accepted.returncode == 0, accepted.stderr
    published = installation.footfall("run")
    assert published.returncode == 0, published.stderr
    assert "93 % fewer" in published.stdout, "the summary tells what was accepted"
    assert installation.published() > before
    outcomes = installation.pipeline.fetch("select outcome from ops.runs order by started_at")
    assert outcomes == [("published",), ("blocked",), ("published",)]
    kept = installation.pipeline.fetch("select finding_id, accepted_by, reason, is_lasting from ops.accepted_findings")
    assert kept == [(finding_id, "ada", "a public holiday", False)]
