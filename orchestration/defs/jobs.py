"""The jobs a person or a trigger can start. A job only selects assets; it holds no logic."""

import dagster as dg

from orchestration.settings import Settings
from orchestration.watch import alert_if_stale

_EVERYTHING = dg.AssetSelection.all()

refresh_job = dg.define_asset_job(
    "refresh",
    selection=_EVERYTHING,
    description="Load new files, build what is pending, audit it, publish.",
)


def _prefilled(**options: object) -> dict:
    """What the launchpad shows to be filled in."""
    return {"resources": {"refresh": {"config": options}}}


backfill_job = dg.define_asset_job(
    "backfill",
    selection=_EVERYTHING,
    config=_prefilled(rebuild_from=None, rebuild_to=None, rebuild_workspace=None, full_refresh=False),
    description=(
        "Rebuild days, a workspace or everything from the loaded rows. Fill in the days (YYYY-MM-DD, local to each "
        "workspace), the workspace or both, or set full_refresh; left as it is, it does what `refresh` does."
    ),
)

reload_job = dg.define_asset_job(
    "reload",
    selection=_EVERYTHING,
    config=_prefilled(reload=[], forget=False),
    description=(
        "Replace the rows of loaded files that were mended since. Fill in their names, relative to the landing folder; "
        "a folder or a pattern will do. With forget, the rows of files that were removed go."
    ),
)

purge_job = dg.define_asset_job(
    "purge",
    selection=_EVERYTHING,
    config=_prefilled(purge=True),
    description=(
        "Delete the events and users that went over their horizons (FOOTFALL_RETAIN_RAW_DAYS, "
        "FOOTFALL_RETAIN_USERS_DAYS), then do what `refresh` does."
    ),
)

erase_job = dg.define_asset_job(
    "erase",
    selection=_EVERYTHING,
    config=_prefilled(deletes_landing=False),
    description=(
        "Erase the people whom request files in `erasures/` name; with deletes_landing, from the landing files too. It "
        "takes no names: Dagster keeps what a run was asked for."
    ),
)


@dg.op(description="Tell the alert hook of workspaces that went silent, and of runs that stopped.")
def look_for_stale_data(context: dg.OpExecutionContext) -> None:
    for line in alert_if_stale(Settings()):
        context.log.warning(line)


@dg.job(description="Look for stale data, and tell FOOTFALL_ALERT_WEBHOOK of any.")
def watch() -> None:
    look_for_stale_data()
