"""dbt as a run starts it: it ends with the run, however that ends.

A run that is killed lets go of the warehouse at once. Were its dbt to build on, it would write into the tables of the
next run.
"""

import ctypes
import os
import signal
import sys

from dbt.cli.main import cli

RUN_PROCESS = "FOOTFALL_RUN_PROCESS"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """The dbt command line, in a process that the kernel kills when the one that started it is gone (on Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(os.environ[RUN_PROCESS]):
            sys.exit("the run that started this build is gone")
    cli()


if __name__ == "__main__":
    main()
