"""`footfall`, but it stops at one place and says so: for tests that kill it there, or take something from it.

python -m tests.faults.stopped_run MODULE FUNCTION before|after MARKER ARGUMENT...: the file MARKER appears when the run
has first come to that side of a call of the function, and the run goes on when somebody removes it.
"""

import importlib
import sys
import time
from functools import reduce
from pathlib import Path

from orchestration.cli import main

LONGEST_STOP_SECONDS = 600


def stop_at(module: str, function: str, side: str, marker: Path) -> None:
    """Patch the function of this process. function: its name in the module, or `Class.method`."""
    *owners, name = function.split(".")
    owner = reduce(getattr, owners, importlib.import_module(module))
    original = getattr(owner, name)

    is_first = True

    def stop() -> None:
        nonlocal is_first
        if is_first:
            is_first = False
            marker.touch()
            deadline = time.monotonic() + LONGEST_STOP_SECONDS
            while marker.exists() and time.monotonic() < deadline:
                time.sleep(0.05)

    def stopped(*arguments: object, **options: object) -> object:
        if side == "before":
            stop()
        answer = original(*arguments, **options)
        if side == "after":
            stop()
        return answer

    setattr(owner, name, stopped)


if __name__ == "__main__":
    module, function, side, marker, *arguments = sys.argv[1:]
    stop_at(module, function, side, Path(marker))
    sys.argv = ["footfall", *arguments]
    main()
