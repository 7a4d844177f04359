"""dbt as a run starts it: it does not parse the project again, and it ends with the run, however that ends.

A run that is killed lets go of the warehouse at once. Were its dbt to build on, it would write into the tables of the
next run.
"""

import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import extended_mashumuro_decoder
from dbt.task import runnable
from dbt_common.events.base_types import BaseEvent, EventLevel, EventMsg
from dbt_common.events.event_manager_client import get_event_manager

RUN_PROCESS = "FOOTFALL_RUN_PROCESS"
PARSED_PROJECT = "FOOTFALL_PARSED_PROJECT"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """The dbt command line, in a process that the kernel kills when the one that started it is gone (on Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(os.environ[RUN_PROCESS]):
            sys.exit("the run that started this build is gone")
    sys.exit(invoke(sys.argv[1:]))


def invoke(arguments: Sequence[str]) -> int:
    """dbt over the project as it was parsed; returns dbt's exit code.

    dbt would parse all of it anew, as long as a small build takes, for another database, home or `--as-of`: it cannot
    tell that nothing but names and texts depend on them. `orchestration.project` parses anew when a file changed.
    """
    # The process lives for one build: looking for cycles to free is a sixth of what dbt computes, and frees 50 MB.
    gc.disable()
    # Written by what parsed the project; a build would write the same again.
    runnable.write_manifest = lambda manifest, target_path: None
    runner = dbtRunner(_project(Path(os.environ[PARSED_PROJECT])), callbacks=[_spare_debug_events])
    result = runner.invoke(list(arguments))
    if result.exception is not None:
        print(result.exception, file=sys.stderr)
        return 2
    return 0 if result.success else 1


def _spare_debug_events(_: EventMsg) -> None:
    """With the first event, which comes when dbt knows where it logs: make no more of those that nobody wants.

    dbt makes a message of each of thousands, and a line of it for every logger, before it asks for the level.
    """
    manager = get_event_manager()
    is_debugged = any(logger.level == EventLevel.DEBUG for logger in manager.loggers)
    if not is_debugged and "fire_event" not in vars(manager):
        manager.fire_event = partial(_fire_unless_debug, manager.fire_event)


def _fire_unless_debug(
    fire: Callable, event: BaseEvent, level: EventLevel | None = None, *arguments: object, **options: object
) -> None:
    if (level or event.level_tag()) != EventLevel.DEBUG:
        fire(event, level, *arguments, **options)


def _project(parsed: Path) -> Manifest:
    """The parsed project, its tables in the database of `profiles/profiles.yml`."""
    manifest = Manifest.from_msgpack(parsed.read_bytes(), decoder=extended_mashumuro_decoder)
    if os.environ["FOOTFALL_TARGET"] == "postgres":
        database = os.environ["FOOTFALL_POSTGRES_DATABASE"]
    else:
        database = Path(os.environ["FOOTFALL_DUCKDB_PATH"]).stem  # dbt-duckdb names the database after its file
    for node in [*manifest.nodes.values(), *manifest.sources.values()]:
        if node.relation_name:
            node.relation_name = node.relation_name.replace(f'"{node.database}"', f'"{database}"', 1)
        node.database = database
    manifest.build_flat_graph()
    return manifest


if __name__ == "__main__":
    main()
