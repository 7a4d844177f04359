"""One run of the pipeline as plain functions: what the Dagster assets and the command line both call."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from ingest import ledger
from ingest.consent import is_policy_in_force
from ingest.discover import discover, landing_root
from ingest.entities import ENTITIES
from ingest.expire import expire_users
from ingest.load import load_landing, utc_naive
from ingest.load_report import DROPPED, FileResult, LoadReport
from ingest.policies import ConsentPolicy
from ingest.purge import PurgeError, purge_events
from ingest.reload import check_reload, reload_files
from ingest.retention import Retention, set_horizons
from ingest.time_zones import refresh_time_zones
from orchestration.alerts import send_alert
from orchestration.erasure import finish_erasures, has_erased, is_unfinished
from orchestration.gate_memory import accepted_ids, judge_loads, remember_loads, write_findings
from orchestration.gates import Finding
from orchestration.history import RunRecorder, secrets_of, words_of
from orchestration.key_ring import check_keys
from orchestration.logs import context
from orchestration.pending import is_built_as_of, is_built_with, note_changes, pending_kinds
from orchestration.project import build_fingerprint, ensure_manifest, published_marts, safe_marts, user_tables
from orchestration.rebuild import Scope, check_scope, note_rebuild
from orchestration.restatements import restatement_lines
from orchestration.scratch import scratch_folder
from orchestration.settings import Settings, SettingsError, utc_now
from warehouse.base import Publication, Warehouse, WarehouseError
from warehouse.open import open_warehouse
from warehouse.publications import announce_publication

log = logging.getLogger("footfall")


@dataclass
class Refresh:
    """What a run was asked for, and the warehouse it holds the lock of.

    Attributes:
        landing: folder or fsspec URL that new files are looked for in.
        as_of: hide every later day.
        full_refresh: rebuild every model from raw.
        rebuild: days and workspaces to rebuild from raw; None: only what is pending.
        reload: loaded files whose rows are to be replaced by those they hold now (see ingest.reload).
        forget: take the rows of these files out instead; they are gone.
        purge: delete what went over the horizons of retention first.
        deletes_landing: whether people whom request files name are to leave the landing files too.
        clock: the moment of the run, aware; every step sees the same one.
        run_id: kept in the ledger and with the publication.
        is_built: whether this run built everything pending and every check of the build passed.
    """

    settings: Settings
    warehouse: Warehouse
    landing: str
    run_id: str
    as_of: date | None = None
    full_refresh: bool = False
    rebuild: Scope | None = None
    reload: Sequence[str] = ()
    forget: bool = False
    purge: bool = False
    deletes_landing: bool = False
    clock: datetime = field(default_factory=utc_now)
    is_built: bool = False

    @cached_property
    def fingerprint(self) -> str:
        """Of models and settings as they were when the run first asked: what is built is stamped with what built it."""
        return build_fingerprint(self.settings)

    @cached_property
    def recorder(self) -> RunRecorder:
        """What writes the history of this run."""
        return RunRecorder(self.warehouse, self.run_id, secrets_of(self.settings))

    def kind(self) -> str:
        """What the run was asked for, in a word for its history; that it is an erasure, ops.erasures tells."""
        if self.purge:
            return "purge"
        if self.reload:
            return "reload"
        if self.rebuild:
            return "backfill"
        if self.full_refresh:
            return "full refresh"
        with self.warehouse.transaction() as tx:
            return "erase" if has_erased(tx, self.run_id) else "run"

    @property
    def consent_policy(self) -> ConsentPolicy:
        return ConsentPolicy.parse(self.settings.consent_policy)

    @property
    def retention(self) -> Retention:
        return Retention(self.settings.retain_raw_days, self.settings.retain_users_days)

    def check(self) -> None:
        """Look at what was asked for before anything is changed.

        Raises:
            ReloadError: a name fits no file that was loaded.
            ScopeError: the workspace to rebuild is not known.
            PurgeError: what is to be purged may not be what is published.
            SettingsError: landing files are to be rewritten that are not in a local folder.
        """
        if self.deletes_landing and "://" in self.landing:
            raise SettingsError(
                f"files under {self.landing} cannot be rewritten; erase without deleting from the landing files, and "
                "remove the rows that the certificate names there yourself"
            )
        if self.reload:
            check_reload(self.warehouse, self.landing, self.reload, forget=self.forget)
        if self.rebuild:
            with self.warehouse.transaction() as tx:
                check_scope(tx, self.rebuild)
        if self.purge:
            self._check_purge()

    def _check_purge(self) -> None:
        """A purge archives what the models made of the events: that must be what readers see."""
        with self.warehouse.transaction() as tx:
            is_published = (
                not pending_kinds(tx).keys() - {"dates"}
                and is_built_with(tx, self.fingerprint)
                and not is_built_as_of(tx)
            )
        if not is_published:
            raise PurgeError(
                "There is work that no publication shows yet, or --as-of hides days, and a purge keeps what is "
                "published. Run `footfall run` first. Nothing was changed."
            )

    def load(self) -> LoadReport:
        """Replace what is to be reloaded, load the files that the ledger does not know, and write down what there is to
        do for the next build.
        """
        self.check()
        options = {
            "on_progress": LoadProgress(),
            "keys": self.settings.keys(),
            "run_id": self.run_id,
            "clock": self.clock,
            "consent_policy": self.consent_policy,
            "retention": self.retention,
            "privacy_rules": self.settings.privacy_rules,
            "max_row_bytes": self.settings.max_row_bytes,
            "settle_seconds": self.settings.settle_seconds,
        }
        if self.purge:
            self._purge()
        reloaded = self._reload(options) if self.reload else LoadReport()
        report = load_landing(self.warehouse, self.landing, deletes_landing=self.deletes_landing, **options)
        log.info(
            "read %d new files: %s rows, %s loaded, %s duplicates, %s rejected",
            len(report.files),
            *(f"{report.total(outcome):,}" for outcome in ("rows_read", "loaded", "duplicates", "rejected")),
        )
        for outcome in DROPPED:
            if report.total(outcome):
                log.info("%s: %s rows", outcome.replace("_", " "), f"{report.total(outcome):,}")
        report.withdrawn += reloaded.withdrawn
        if report.withdrawn:
            log.info("deleted %s stored events that consent does not cover now", f"{report.withdrawn:,}")
        if report.erased:
            log.info("erased %s people from the loaded rows", f"{report.erased:,}")
        for note in report.notes:
            log.warning("left alone: %s: %s", note.path, note.reason)
        workspaces = refresh_time_zones(self.warehouse, self.clock.date())
        pending = self.note_changes()
        if not pending:
            self._finish_erasures()
        if "everything" not in pending:
            for workspace in workspaces:
                log.info("local time of workspace %s changed: all its days are rebuilt", workspace)
            if self.rebuild:
                self._note_rebuild(self.rebuild)
        report.files = reloaded.files + report.files
        return report

    def judge_loads(self) -> tuple[list[Finding], set[str]]:
        """(what is unusual about what was just loaded, ids of findings that somebody accepted); see gates."""
        with self.warehouse.transaction() as tx:
            remember_loads(tx)
            findings, accepted = judge_loads(tx, self.clock), accepted_ids(tx)
            write_findings(tx, self.run_id, findings, accepted)
        for finding in findings:
            if not finding.blocks:
                log.warning("unusual: %s", finding.sentence)
        return findings, accepted

    def _purge(self) -> None:
        with self.warehouse.transaction() as tx:
            set_horizons(tx, self.retention, self.clock)
            events = purge_events(tx, self.run_id, utc_naive(self.clock))
            users = expire_users(tx, self.run_id, utc_naive(self.clock))
        log.info("purged %s events that went over the horizon", f"{events:,}")
        if self.retention.users_days is not None:
            log.info("deleted the rows of %s users who were silent for too long", f"{users:,}")

    def _reload(self, options: dict) -> LoadReport:
        report = reload_files(self.warehouse, self.landing, self.reload, forget=self.forget, **options)
        log.info(
            "reloaded %d files: %s rows of %d earlier loads replaced by %s",
            len(report.files),
            f"{report.removed_rows:,}",
            report.removed_loads,
            f"{report.total('loaded') + report.total('duplicates'):,}",
        )
        for note in report.notes:
            log.warning("left alone: %s: %s", note.path, note.reason)
        return report

    def _note_rebuild(self, scope: Scope) -> None:
        tables = user_tables(ensure_manifest(self.settings))
        with self.warehouse.transaction() as tx:
            users = note_rebuild(tx, scope, tables, self.clock, self.settings.session_timeout_minutes)
        log.info("rebuilding %s: %s users", scope, f"{users:,}")

    def note_changes(self) -> dict[str, int]:
        """Bring the list of pending work up to date and return how much there is of each kind."""
        is_wanted = self.full_refresh or not self.warehouse.has_publication()
        with self.warehouse.transaction() as tx:
            note_changes(tx, self.fingerprint, self.clock, self.as_of, is_wanted)
            announce_publication(tx, self.warehouse.next_publication_id(tx))
            return pending_kinds(tx)

    def pending(self) -> dict[str, int]:
        """How many changes of each kind wait for a publication."""
        with self.warehouse.transaction() as tx:
            return pending_kinds(tx)

    def is_up_to_date(self) -> bool:
        """Whether there is no new file and no pending work, so that a run would change nothing."""
        with self.warehouse.transaction() as tx:
            known = ledger.known_files(tx, landing_root(self.landing))
            if is_unfinished(tx) or not is_policy_in_force(tx, self.consent_policy):
                return False
        if discover(self.landing, ENTITIES, known, self.settings.settle_seconds).files:
            return False
        return not self.note_changes()

    def publish(self) -> Publication:
        """Make the audited candidate what readers see.

        Raises:
            WarehouseError: this run did not build and test it all; publishing would lose what is pending.
        """
        if not self.is_built:
            raise WarehouseError(
                "only the run that built and tested every model may publish them: start the job `refresh` as a whole"
            )
        manifest = ensure_manifest(self.settings)
        marts = published_marts(manifest) + safe_marts(manifest)
        publication = self.warehouse.publish(marts, self.run_id, self.fingerprint, self.as_of)
        log.info("published: publication %d, %d tables", publication.publication_id, len(marts))
        for line in restatement_lines(self.warehouse, publication.publication_id):
            log.info("%s", line)
        self._finish_erasures()
        return publication

    def _finish_erasures(self) -> None:
        finish_erasures(self.settings, self.warehouse, self.landing, self.clock)

    def published_dates(self) -> dict[str, str]:
        """The as_of_date of every published workspace, as text."""
        with self.warehouse.published() as reader:
            rows = reader.fetch("select workspace_id, as_of_date from dim_workspaces order by workspace_id")
        return {workspace: day.isoformat() for workspace, day in rows}


@contextmanager
def open_refresh(settings: Settings, run_id: str, *, landing: str | None = None, **request) -> Iterator[Refresh]:
    """A run that holds the warehouse's lock until the block ends. Salts of addresses that served their time are gone,
    and so are the temporary files of runs that were killed.

    Args:
        landing: None: the setting.
        request: what else the run is asked for, attributes of Refresh.

    Raises:
        SettingsError: no secret key, or other keys than the warehouse was built with.
        LockTimeout: another run held the warehouse too long.
    """
    context.run_id = run_id
    with ExitStack() as held:
        try:
            warehouse = _take(settings, held)
        except Exception as error:
            words = words_of(error, secrets_of(settings))
            send_alert(settings, "failed", [f"it could not begin: {words}"], run_id)
            raise
        refresh = Refresh(settings, warehouse, landing or settings.landing_root, run_id, **request)
        settings.privacy_rules.ip_salts.destroy_expired(refresh.clock)
        yield refresh


def _take(settings: Settings, held: ExitStack) -> Warehouse:
    """The warehouse with its lock, which is let go of when `held` is closed."""
    keys = settings.keys()
    warehouse = open_warehouse(settings)
    wait = settings.lock_wait_seconds
    held.enter_context(warehouse.lock(wait, lambda holder: log.info("waiting for another run (%s)", holder)))
    held.enter_context(scratch_folder(settings.home))
    with warehouse.transaction() as tx:
        check_keys(tx, keys)
    return warehouse


class LoadProgress:
    """Told each file's result; says so at most once a second, and always of a refused file."""

    def __init__(self) -> None:
        self._files = self._rows = 0
        self._throttle = Throttle()

    def __call__(self, result: FileResult) -> None:
        self._files += 1
        self._rows += result.rows_read
        if result.status == "rejected":
            log.warning("refused: %s: %s", result.path, result.reason)
        elif self._throttle.is_due():
            log.info("loaded %s files, %s rows, now %s", f"{self._files:,}", f"{self._rows:,}", result.path)


class Throttle:
    """Lets one progress line a second through."""

    def __init__(self, seconds: float = 1.0) -> None:
        self._seconds = seconds
        self._next = time.monotonic() + seconds

    def is_due(self) -> bool:
        """Whether it is time for the next line; asking takes the turn."""
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + self._seconds
        return True
