"""How the command line speaks while it works: lines for people, or one JSON object a line for machines."""

import json
import logging
import sys
import time
from datetime import UTC, datetime
from typing import Literal

LogFormat = Literal["text", "json"]

# Fields that a call may give a line with `extra`; no other attribute of a record gets into JSON.
FIELDS = ("step", "seconds", "rows", "check", "violations", "outcome")


class RunContext:
    """What every line of JSON says besides its own words.

    Attributes:
        run_id, step: of the run in progress in this process; None outside of one.
    """

    run_id: str | None = None
    step: str | None = None


context = RunContext()


class ElapsedFormatter(logging.Formatter):
    """Progress lines: seconds since the command began, then the words."""

    def __init__(self) -> None:
        super().__init__()
        self._started = time.monotonic()

    def format(self, record: logging.LogRecord) -> str:
        warning = "warning: " if record.levelno >= logging.WARNING else ""
        return f"{time.monotonic() - self._started:6.1f}s  {warning}{record.getMessage()}"


class JsonFormatter(logging.Formatter):
    """One JSON object: time (UTC, ISO-8601), level, message, run_id, step, and those of FIELDS that the line has."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "run_id": context.run_id,
            "step": context.step,
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["error"] = f"{record.exc_info[0].__name__}: {record.exc_info[1]}"
        return json.dumps(line, ensure_ascii=False, default=str)


def show_progress(log_format: LogFormat) -> None:
    """Write what the run says to stderr. As JSON, warnings of libraries become lines too: nothing else is on stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else ElapsedFormatter())
    logger = logging.getLogger("footfall")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    if log_format == "json":
        logging.captureWarnings(True)
        warnings = logging.StreamHandler(sys.stderr)
        warnings.setFormatter(handler.formatter)
        warnings.setLevel(logging.WARNING)
        logging.getLogger().handlers = [warnings]
