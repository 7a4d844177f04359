"""The history of runs in ops.runs, ops.steps and ops.checks: what ran, how long it took, and how it ended.

Each line is written when its step ends, so that the history of a run that is killed says how far it came. Nothing here
names a person: rows that break a check are shown on the screen and not kept.
"""

import logging
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from ingest.load import utc_naive
from orchestration.logs import context
from orchestration.settings import Settings, utc_now
from warehouse.base import Transaction, Warehouse

log = logging.getLogger("footfall")

RUNNING = "running"
PUBLISHED = "published"
NOTHING_NEW = "nothing new"
FAILED = "failed"
BLOCKED = "blocked"
DID_NOT_FINISH = "did not finish"
ENDED_WELL = (PUBLISHED, NOTHING_NEW)

# A year and a month: a run can be held against those of the same month a year before.
KEPT = timedelta(days=400)
_MESSAGE_CHARACTERS = 500
# Of a driver's words, what may be a value of a row, and keys of people and sessions wherever they stand.
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_KEY = re.compile(r"\b[0-9a-f]{32,}\b")
_OWN_PACKAGES = ("ingest", "orchestration", "warehouse")


@dataclass
class Step:
    """A step in progress. rows: what it loaded or changed, for those that count rows."""

    rows: int | None = None


@dataclass(frozen=True)
class Check:
    """A check that was run.

    Attributes:
        blocks: whether its failure keeps the run from publishing.
        is_gate: whether it compares with recent loads, so that a person may accept what it found.
        detail: what is wrong, without rows.
    """

    name: str
    passed: bool
    detail: str = ""
    blocks: bool = True
    is_gate: bool = False


@dataclass
class RunRecorder:
    """Writes the history of one run.

    Attributes:
        secrets: texts that no line may hold.
        rows_read, rows_loaded, publication_id: told by the steps.
    """

    warehouse: Warehouse
    run_id: str
    secrets: Sequence[str] = ()
    rows_read: int | None = None
    rows_loaded: int | None = None
    publication_id: int | None = None
    _started: float = field(default_factory=time.monotonic)
    _steps: int = 0
    _checks: list[Check] = field(default_factory=list)
    _errors: list[str] = field(default_factory=list)

    def begin(self, kind: str, clock: datetime) -> list[str]:
        """Write down that the run began; return words about runs that never ended, for this one holds the lock.

        Args:
            kind: what it was asked for, in a word.
            clock: the moment of the run, aware.
        """
        with self.warehouse.transaction() as tx:
            unfinished = [
                f"the run of {started_at:%Y-%m-%d %H:%M} UTC ({run_id}) did not finish"
                for run_id, started_at in tx.fetch(
                    "select run_id, started_at from ops.runs where outcome = $1 order by started_at", (RUNNING,)
                )
            ]
            tx.execute("update ops.runs set outcome = $1 where outcome = $2", (DID_NOT_FINISH, RUNNING))
            tx.execute(
                "insert into ops.runs (run_id, kind, started_at, outcome) values ($1, $2, $3, $4)",
                (self.run_id, kind, utc_naive(clock), RUNNING),
            )
        for words in unfinished:
            log.warning("%s", words)
        return unfinished

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """A block that is a step of the run: its seconds, rows and failure are written down at its end."""
        step, started_at, started = Step(), utc_now(), time.monotonic()
        context.step = name
        has_failed = False
        try:
            yield step
        except Exception as error:
            has_failed = True
            self._errors.append(f"{name}: {words_of(error, self.secrets)}")
            raise
        finally:
            seconds = round(time.monotonic() - started, 3)
            try:
                self._write_step(name, started_at, seconds, step.rows, has_failed)
            except Exception as error:
                if not has_failed:
                    raise
                # The warehouse went away, most likely: what broke the step is what the run should end with.
                log.warning("the history of %s is not kept: %s", name, words_of(error, self.secrets))
            counted = "" if step.rows is None else f", {step.rows:,} rows"
            log.info(
                "%s: %s in %.1f s%s",
                name,
                "failed" if has_failed else "done",
                seconds,
                counted,
                extra={"step": name, "seconds": seconds, "rows": step.rows},
            )
            context.step = None

    def _write_step(self, name: str, started_at: datetime, seconds: float, rows: int | None, has_failed: bool) -> None:
        self._steps += 1
        with self.warehouse.transaction() as tx:
            tx.execute(
                "insert into ops.steps (run_id, step_number, step, started_at, seconds, rows, has_failed)"
                " values ($1, $2, $3, $4, $5, $6, $7)",
                (self.run_id, self._steps, name, utc_naive(started_at), seconds, rows, has_failed),
            )

    def check(self, *checks: Check) -> None:
        """Write down how checks ended."""
        self._checks += checks
        with self.warehouse.transaction() as tx:
            for check in checks:
                tx.execute(
                    "insert into ops.checks (run_id, name, passed, blocks, detail) values ($1, $2, $3, $4, $5)",
                    (self.run_id, check.name, check.passed, check.blocks, redacted(check.detail, self.secrets)),
                )

    def fail(self, error: BaseException) -> None:
        """The run ended by something that happened outside of a step."""
        if not self._errors:
            self._errors.append(words_of(error, self.secrets))

    def verdict(self) -> tuple[str, str | None]:
        """(how the run ends, and unless it is well, why)."""
        failed = [check for check in self._checks if not check.passed and check.blocks]
        if failed:
            outcome = BLOCKED if all(check.is_gate for check in failed) and not self._errors else FAILED
            message = "; ".join(f"{check.name}: {check.detail}" if check.detail else check.name for check in failed)
        elif self._errors:
            outcome, message = FAILED, "; ".join(self._errors)
        else:
            outcome, message = (NOTHING_NEW if self.publication_id is None else PUBLISHED), None
        return outcome, message and redacted(message, self.secrets)

    def end(self, outcome: str, message: str | None) -> None:
        """Write down how the run ended, and forget runs of long ago."""
        ended_at = utc_naive(utc_now())
        seconds = round(time.monotonic() - self._started, 3)
        with self.warehouse.transaction() as tx:
            tx.execute(
                "update ops.runs set ended_at = $2, seconds = $3, outcome = $4, message = $5, rows_read = $6,"
                " rows_loaded = $7, publication_id = $8 where run_id = $1",
                (
                    *(self.run_id, ended_at, seconds, outcome, message),
                    *(self.rows_read, self.rows_loaded, self.publication_id),
                ),
            )
            _forget(tx, ended_at - KEPT)


def words_of(error: BaseException, secrets: Sequence[str]) -> str:
    """An error in words that can be kept and sent: those of a driver may quote values of rows.

    Args:
        secrets: texts that must not be in them.
    """
    while error.__cause__ is not None:
        error = error.__cause__
    text = str(error).strip()
    if type(error).__module__.split(".")[0] not in _OWN_PACKAGES:
        first_line = text.splitlines()[0] if text else ""
        text = f"{type(error).__name__}: {_QUOTED.sub('…', first_line)}"
    return redacted(text, secrets)


def redacted(text: str, secrets: Sequence[str]) -> str:
    """The beginning of a text, without secrets and keys of people and sessions."""
    for secret in secrets:
        text = text.replace(secret, "…")
    return _KEY.sub("…", text)[:_MESSAGE_CHARACTERS]


def _forget(tx: Transaction, before: datetime) -> None:
    old = "select run_id from ops.runs where started_at < $1"
    if tx.fetch(f"{old} limit 1", (before,)):
        for table in ("ops.steps", "ops.checks", "ops.findings", "ops.runs"):
            tx.execute(f"delete from {table} where run_id in ({old})", (before,))


def secrets_of(settings: Settings) -> list[str]:
    """Texts that must stand in no history, log or alert: keys, passwords and the address of the alert hook."""
    values = (settings.secret_key, settings.rotation_keys, settings.postgres_dsn, settings.alert_webhook)
    texts = [value.get_secret_value() for value in values if value is not None]
    passwords = [urlsplit(settings.postgres_dsn.get_secret_value()).password] if settings.postgres_dsn else []
    return [part for text in texts for part in (text, *text.split(",")) if part] + [one for one in passwords if one]


_LAST_RUNS = """
select run_id, kind, started_at, outcome, seconds, rows_read, rows_loaded, publication_id, message
from ops.runs
where strpos(run_id, $1) = 1 or $1 = ''
order by started_at desc, run_id
limit {limit}
"""
_STEPS = "select step_number, step, seconds, rows, has_failed from ops.steps where run_id = $1 order by step_number"
_CHECKS = "select name, passed, blocks, detail from ops.checks where run_id = $1 order by passed, name"


def last_runs(tx: Transaction, limit: int, begins: str = "") -> list[dict[str, object]]:
    """The newest runs, newest first; None for what was never told.

    Args:
        begins: only those whose id begins so.
    """
    names = (
        *("run_id", "kind", "started_at", "outcome", "seconds"),
        *("rows_read", "rows_loaded", "publication_id", "message"),
    )
    return [dict(zip(names, row, strict=True)) for row in tx.fetch(_LAST_RUNS.format(limit=int(limit)), (begins,))]


def steps_of(tx: Transaction, run_id: str) -> list[dict[str, object]]:
    """The steps of a run in their order."""
    names = ("step_number", "step", "seconds", "rows", "has_failed")
    return [dict(zip(names, row, strict=True)) for row in tx.fetch(_STEPS, (run_id,))]


def checks_of(tx: Transaction, run_id: str) -> list[dict[str, object]]:
    """The checks of a run, those that failed first."""
    names = ("name", "passed", "blocks", "detail")
    return [dict(zip(names, row, strict=True)) for row in tx.fetch(_CHECKS, (run_id,))]
