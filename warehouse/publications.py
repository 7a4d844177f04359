"""The record of what was published, and the end of the work that was pending for it; the same SQL on every engine."""

from datetime import UTC, date, datetime

from warehouse.base import Transaction


def announce_publication(tx: Transaction, publication_id: int) -> None:
    """Write down the number that the next publication will have, which the models of its build stamp history with."""
    tx.execute("delete from ops.next_publication")
    tx.execute("insert into ops.next_publication (publication_id) values ($1)", (publication_id,))


def record_publication(tx: Transaction, publication_id: int, run_id: str, fingerprint: str, as_of: date | None) -> None:
    """Write the publication's row and clear the pending work, in the transaction that publishes.

    Runs exclude each other by the warehouse's lock, so all that is pending now was in the build being published.

    Args:
        as_of: the `--as-of` of the run, if it had one.
    """
    newest_event_at = tx.fetch("select max(newest_event_at) from intermediate.int_as_of_dates")[0][0]
    newest_load_id = tx.fetch("select max(load_id) from raw.loads")[0][0]
    tx.execute(
        "insert into ops.publications"
        " (publication_id, run_id, published_at, fingerprint, as_of_argument, newest_event_at, newest_load_id)"
        " values ($1, $2, $3, $4, $5, $6, $7)",
        (
            *(publication_id, run_id, datetime.now(UTC).replace(tzinfo=None), fingerprint, as_of),
            *(newest_event_at, newest_load_id),
        ),
    )
    tx.execute("delete from raw.pending")
    tx.execute("delete from ops.replaced_sessions")
