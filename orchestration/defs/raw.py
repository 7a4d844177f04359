"""Landing files to raw tables. What a row must look like and where it goes is in `ingest/`, not here."""

from collections.abc import Iterator

import dagster as dg

from ingest.entities import ENTITIES
from ingest.load_report import DROPPED
from orchestration.defs.resources import RefreshResource

ENTITY_KEYS = {entity.name: dg.AssetKey(["raw", entity.name]) for entity in ENTITIES}
BOOKKEEPING = {
    "user_attributes": "Attributes of users, a row each.",
    "segment_conditions": "Conditions of segments, a row each value.",
    "funnel_steps": "Steps of funnels, a row each.",
    "loads": "What came of every file: rows by outcome.",
    "repeated_events": "Every copy of an event id that occurs more than once.",
    "pending": "Work that the published marts do not show yet.",
    "time_zone_days": "Offsets of every time zone in use, by UTC day.",
    "workspace_time_zones": "The time zone each workspace is built with.",
}


@dg.multi_asset(
    specs=[
        *(dg.AssetSpec(key, group_name="raw", description=f"Rows of {name}/.") for name, key in ENTITY_KEYS.items()),
        *(
            dg.AssetSpec(["raw", name], group_name="raw", description=description)
            for name, description in BOOKKEEPING.items()
        ),
    ]
)
def landing_files(refresh: RefreshResource) -> Iterator[dg.MaterializeResult]:
    """Load the files that the ledger does not know, each in one transaction with its ledger entry."""
    recorder = refresh.run.recorder
    with recorder.step("landing_files") as step:
        report = refresh.run.load()
        recorder.rows_read, recorder.rows_loaded = report.total("rows_read"), report.total("loaded")
        step.rows = recorder.rows_loaded
    for name, key in ENTITY_KEYS.items():
        files = [file for file in report.files if file.entity == name]
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={
                "files": len(files),
                "dagster/row_count": sum(file.loaded for file in files),
                "rows_read": sum(file.rows_read for file in files),
                "duplicates": sum(file.duplicates for file in files),
                "conflicts": sum(file.conflicts for file in files),
                "rejected": sum(file.rejected for file in files),
                **{outcome: sum(getattr(file, outcome) for file in files) for outcome in DROPPED},
                "seconds": round(sum(file.seconds for file in files), 3),
            },
        )
    for name in BOOKKEEPING:
        yield dg.MaterializeResult(asset_key=["raw", name])
