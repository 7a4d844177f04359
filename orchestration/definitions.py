"""The code location: everything in `defs/`, and nothing else."""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Assets, checks, jobs, schedule, sensor and resources of the modules under `orchestration/defs`."""
    # One process a run, also for what a person starts in the UI: the run's lock is held from the first step to the
    # last, and DuckDB lets one process write.
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
        dg.Definitions(executor=dg.in_process_executor),
    )
