"""A run and its history, whoever started it: the block in which a run takes place, and who is told how it ended."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from orchestration.alerts import Event, send_alert
from orchestration.history import BLOCKED, FAILED, RunRecorder, words_of
from orchestration.refresh import Refresh

log = logging.getLogger("footfall")


@contextmanager
def recorded(refresh: Refresh) -> Iterator[RunRecorder]:
    """A block that is a whole run: its history begins and ends with it."""
    recorder = refresh.recorder

    def alert(event: Event, lines: Sequence[str]) -> None:
        send_alert(refresh.settings, event, lines, refresh.run_id)

    if unfinished := recorder.begin(refresh.kind(), refresh.clock):
        alert("failed", unfinished)
    try:
        yield recorder
    except BaseException as error:
        recorder.fail(error)
        raise
    finally:
        outcome, message = recorder.verdict()
        try:
            recorder.end(outcome, message)
        except Exception as error:
            if outcome == FAILED:  # most likely of the same cause, which is told
                log.warning("the history of the run is not kept: %s", words_of(error, recorder.secrets))
            else:
                outcome, message = FAILED, words_of(error, recorder.secrets)
                raise
        finally:
            if outcome in (FAILED, BLOCKED):
                alert("blocked" if outcome == BLOCKED else "failed", message.split("; "))
