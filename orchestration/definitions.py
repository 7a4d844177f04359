"""The code location: everything in `defs/`, and nothing else."""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Assets, checks, jobs, schedule, sensor and resources of the modules under `orchestration/defs`."""
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
