"""A run and its history, whoever started it: the block in which a run takes place, and who is told how it ended."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from orchestration.alerts import Event, send_alert
from orchestration.history import BLOCKED, FAILED, RunRecorder, words_of
from orchestration.refresh import Refresh


@contextmanager
def recorded(refresh: Refresh) -> Iterator[RunRecorder]:
    """A block that is a whole run: its history begins and ends with it."""
    recorder = refresh.recorder

    def alert(event: Event, lines: Sequence[str]) -> None:
        send_alert(refresh.settings, event, lines, refresh.run_id)

    if unfinished := recorder.begin(refresh.kind, refresh.clock):
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
            outcome, message = FAILED, message or words_of(error, recorder.secrets)
            raise
        finally:
            if outcome in (FAILED, BLOCKED):
                alert("blocked" if outcome == BLOCKED else "failed", message.split("; "))
