"""dbt as a run starts it: it does not parse the project again, and it ends with the run, however that ends.

A run that is killed lets go of the warehouse at once. Were its dbt to build on, it would write into the tables of the
next run.
"""

import ctypes
import gc
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import extended_mashumuro_decoder

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
    result = dbtRunner(_project(Path(os.environ[PARSED_PROJECT]))).invoke(list(arguments))
    if result.exception is not None:
        print(result.exception, file=sys.stderr)
        return 2
    return 0 if result.success else 1


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
