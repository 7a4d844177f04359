"""What starts the pipeline between two ticks of the schedule."""

import hashlib
import time
from collections.abc import Iterator

import dagster as dg

from ingest.discover import LandingError, discover
from ingest.entities import ENTITIES
from orchestration.defs.jobs import refresh_job
from orchestration.settings import Settings

settings = Settings()

LISTING_TAG = "footfall/landing_listing"
RETRY_SECONDS = 600
IN_PROGRESS = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
)


@dg.sensor(
    job=refresh_job,
    minimum_interval_seconds=settings.sensor_seconds,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def landing_folder(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Ask for a run when the landing folder lists other files, sizes or times than at any run asked for before.

    A run that failed is asked for again after ten minutes. The listing is compared with those of earlier runs and not
    with the ledger: while a run writes, DuckDB lets nobody else in.
    """
    try:
        files = discover(settings.landing_root, ENTITIES, known_files=(), settle_seconds=0).files
    except LandingError as error:
        yield dg.SkipReason(str(error))
        return
    if not files:
        yield dg.SkipReason("no files")
        return
    listing = hashlib.sha256(repr([(file.path, file.size, file.modified) for file in files]).encode()).hexdigest()[:32]
    if context.instance.get_runs_count(dg.RunsFilter(statuses=list(IN_PROGRESS))):
        yield dg.SkipReason("a run is in progress")
        return
    earlier = context.instance.get_run_records(dg.RunsFilter(tags={LISTING_TAG: listing}))
    if any(record.dagster_run.is_success for record in earlier):
        yield dg.SkipReason("no new files")
    elif earlier and time.time() - (earlier[0].end_time or 0) < RETRY_SECONDS:
        yield dg.SkipReason("the run over these files failed; it is tried again ten minutes later")
    else:
        yield dg.RunRequest(run_key=f"{listing}-{len(earlier)}", tags={LISTING_TAG: listing})
