"""`footfall` as if the machine's clock had been set back by some hours.

python -m tests.faults.set_back_run HOURS ARGUMENT...
"""

import sys
from datetime import datetime, timedelta
from types import SimpleNamespace

import ingest.load
import orchestration.settings
import warehouse.publications

hours, *arguments = sys.argv[1:]


def _set_back_now(zone=None) -> datetime:
    return datetime.now(zone) - timedelta(hours=int(hours))


real_now = orchestration.settings.utc_now
orchestration.settings.utc_now = lambda: real_now() - timedelta(hours=int(hours))
# The moments that a load and a publication are stamped with.
for module in (ingest.load, warehouse.publications):
    module.datetime = SimpleNamespace(now=_set_back_now)

if __name__ == "__main__":
    from orchestration.cli import main

    sys.argv = ["footfall", *arguments]
    main()
