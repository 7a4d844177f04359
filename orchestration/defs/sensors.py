"""What starts the pipeline between two ticks of the schedule."""

import hashlib
from collections.abc import Iterator

import dagster as dg

from ingest.discover import LandingError, discover
from ingest.entities import ENTITIES
from orchestration.defs.jobs import refresh_job
from orchestration.settings import Settings

settings = Settings()


@dg.sensor(
    job=refresh_job,
    minimum_interval_seconds=settings.sensor_seconds,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def landing_folder(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Ask for a run when the landing folder lists other files, sizes or times than at the last one asked for.

    The listing is compared with the cursor and not with the ledger: while a run writes, DuckDB lets nobody else in.
    """
    try:
        files = discover(settings.landing_root, ENTITIES, known_files=(), settle_seconds=0).files
    except LandingError as error:
        yield dg.SkipReason(str(error))
        return
    listing = hashlib.sha256(repr([(file.path, file.size, file.modified) for file in files]).encode()).hexdigest()
    if not files or listing == context.cursor:
        yield dg.SkipReason("no new files")
        return
    if context.instance.get_runs_count(
        dg.RunsFilter(job_name=refresh_job.name, statuses=[dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTED])
    ):
        yield dg.SkipReason("a run is in progress")
        return
    context.update_cursor(listing)
    yield dg.RunRequest(run_key=listing)
