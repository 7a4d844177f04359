"""Answers as bytes: computed once a publication, kept within a bound, and named by an ETag."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from warehouse.base import Transaction, Warehouse

Request = tuple[str, ...]
_NEWEST = "select publication_id, run_id from ops.publications order by publication_id desc limit 1"


@dataclass(frozen=True)
class Answer:
    """The body of a response (JSON, UTF-8), its ETag in quotes, and the publication that it was read from."""

    body: bytes
    etag: str
    publication_id: int


class Answers:
    """What is published now, as JSON.

    Args:
        warehouse: looked at anew for each answer, so that a new publication is seen by the next request.
        capacity: bytes of bodies kept; those not asked for the longest go first.
    """

    def __init__(self, warehouse: Warehouse, capacity: int) -> None:
        self._warehouse = warehouse
        self._capacity = capacity
        self._lock = Lock()
        self._kept: OrderedDict[str, Answer] = OrderedDict()
        self._size = 0

    def answer(self, request: Request, build: Callable[[Transaction], Any]) -> Answer:
        """The answer to `request`, all of it from one publication.

        Args:
            request: everything that `build` depends on, besides the publication.
            build: makes what the body holds.

        Raises:
            WarehouseError: nothing has been published, or the warehouse is out of reach.
            ReportError: `build` found nothing of that name.
        """
        with self._warehouse.published() as tx:
            ((publication_id, run_id),) = tx.fetch(_NEWEST)
            etag = _etag(publication_id, run_id, request)
            kept = self._look_up(etag)
            if kept is not None:
                return kept
            body = json.dumps(build(tx), ensure_ascii=False, separators=(",", ":")).encode()
        answer = Answer(body, etag, publication_id)
        self._keep(answer)
        return answer

    def publication_id(self) -> int:
        """The number of what readers see now.

        Raises:
            WarehouseError: as of `answer`.
        """
        with self._warehouse.published() as tx:
            return tx.fetch(_NEWEST)[0][0]

    def _look_up(self, etag: str) -> Answer | None:
        with self._lock:
            if etag in self._kept:
                self._kept.move_to_end(etag)
            return self._kept.get(etag)

    def _keep(self, answer: Answer) -> None:
        with self._lock:
            if answer.etag not in self._kept:
                self._size += len(answer.body)
            self._kept[answer.etag] = answer
            while self._size > self._capacity:
                _, oldest = self._kept.popitem(last=False)
                self._size -= len(oldest.body)


def _etag(publication_id: int, run_id: str, request: Request) -> str:
    """The run is in it too: a warehouse that was made anew counts its publications from 1 again."""
    digest = hashlib.sha256(json.dumps([run_id, *request]).encode()).hexdigest()[:32]
    return f'"{publication_id}-{digest}"'
