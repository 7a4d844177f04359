"""Candidate to marts, all tables in one atomic step. How that is done on an engine is in `warehouse/`."""

import time
from collections.abc import Iterator

import dagster as dg

from orchestration.defs.resources import RefreshResource
from orchestration.project import ensure_manifest, published_marts, safe_marts
from orchestration.settings import Settings

_MANIFEST = ensure_manifest(Settings())
MARTS = published_marts(_MANIFEST)
SAFE_MARTS = safe_marts(_MANIFEST)
# Keys of the models that are published, as Dagster names them.
CANDIDATES = [dg.AssetKey(["candidate", mart.name]) for mart in MARTS] + [
    dg.AssetKey(["candidate_safe", f"safe_{mart.name}"]) for mart in SAFE_MARTS
]


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            [mart.schema, mart.name],
            deps=CANDIDATES,
            group_name=mart.schema,
            description=f"Published {mart.published}: what BI reads.",
        )
        for mart in MARTS + SAFE_MARTS
    ]
)
def published_tables(refresh: RefreshResource) -> Iterator[dg.MaterializeResult]:
    """Publish every mart, once every check has passed."""
    started = time.monotonic()
    recorder = refresh.run.recorder
    with recorder.step("published_tables") as step:
        publication = refresh.run.publish()
        recorder.publication_id = publication.publication_id
        step.rows = sum(publication.changed_rows.values())
    seconds = round(time.monotonic() - started, 3)
    as_of_dates = refresh.run.published_dates()
    for mart in MARTS + SAFE_MARTS:
        yield dg.MaterializeResult(
            asset_key=[mart.schema, mart.name],
            metadata={
                "publication": publication.publication_id,
                "changed_rows": publication.changed_rows[mart.published],
                "publish_seconds": seconds,
                "as_of_dates": as_of_dates,
            },
        )
