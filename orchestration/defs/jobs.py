"""The jobs a person or a trigger can start. A job only selects assets; it holds no logic."""

import dagster as dg

refresh_job = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    description="Load new files, build what is pending, audit it, publish.",
)
