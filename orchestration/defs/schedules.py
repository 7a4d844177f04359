"""When the pipeline runs by the clock."""

import dagster as dg

from orchestration.defs.jobs import purge_job, refresh_job, watch
from orchestration.settings import Settings

settings = Settings()

daily_refresh = dg.ScheduleDefinition(
    name="daily_refresh",
    job=refresh_job,
    cron_schedule=settings.schedule_cron,
    execution_timezone=settings.schedule_timezone,
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

daily_purge = dg.ScheduleDefinition(
    name="daily_purge",
    job=purge_job,
    cron_schedule=settings.purge_cron,
    execution_timezone=settings.schedule_timezone,
    default_status=(
        dg.DefaultScheduleStatus.STOPPED if settings.retain_raw_days is None else dg.DefaultScheduleStatus.RUNNING
    ),
)

daily_watch = dg.ScheduleDefinition(
    name="daily_watch",
    job=watch,
    cron_schedule=settings.watch_cron,
    execution_timezone=settings.schedule_timezone,
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
