"""Candidate to marts, all tables in one atomic step. How that is done on an engine is in `warehouse/`."""

import time
from collections.abc import Iterator

import dagster as dg

from orchestration.defs.resources import RefreshResource
from orchestration.project import ensure_manifest, published_marts
from orchestration.settings import Settings

MARTS = [mart.name for mart in published_marts(ensure_manifest(Settings()))]


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["marts", name],
            deps=[dg.AssetKey(["candidate", mart]) for mart in MARTS],
            group_name="marts",
            description=f"Published {name}: what BI reads.",
        )
        for name in MARTS
    ]
)
def published_tables(refresh: RefreshResource) -> Iterator[dg.MaterializeResult]:
    """Publish every mart, once every check has passed."""
    started = time.monotonic()
    publication = refresh.run.publish()
    seconds = round(time.monotonic() - started, 3)
    as_of_dates = refresh.run.published_dates()
    for name in MARTS:
        yield dg.MaterializeResult(
            asset_key=["marts", name],
            metadata={
                "publication": publication.publication_id,
                "changed_rows": publication.changed_rows[name],
                "publish_seconds": seconds,
                "as_of_dates": as_of_dates,
            },
        )
