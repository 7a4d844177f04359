"""The jobs a person or a trigger can start. A job only selects assets; it holds no logic."""

import dagster as dg

# One process a run: DuckDB lets one process write, and the run's lock is held from the first step to the last.
refresh_job = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="Load new files, build what is pending, audit it, publish.",
)
