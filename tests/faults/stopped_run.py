"""`footfall`, but it stops at one place for good and says so: for tests that kill it there.

python -m tests.faults.stopped_run MODULE FUNCTION before|after MARKER ARGUMENT...: the file MARKER appears when the run
has come to that side of a call of the function.
"""

import importlib
import sys
import time
from functools import reduce
from pathlib import Path

from orchestration.cli import main


def stop_at(module: str, function: str, side: str, marker: Path) -> None:
    """Patch the function of this process. function: its name in the module, or `Class.method`."""
    *owners, name = function.split(".")
    owner = reduce(getattr, owners, importlib.import_module(module))
    original = getattr(owner, name)

    def stop() -> None:
        marker.touch()
        time.sleep(3600)

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
