"""Answers as bytes: computed once a publication, kept within a bound, and named by an ETag."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from warehouse.base import NEWEST_PUBLICATION, Transaction, Warehouse

Request = tuple[str | None, ...]
Publication = tuple[int, str]  # its number and its run


@dataclass(frozen=True)
class Answer:
    """The body of a response (JSON, UTF-8) and its ETag, in quotes."""

    body: bytes
    etag: str


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
        self._publication: Publication | None = None

    def answer(self, request: Request, build: Callable[[Transaction], Any]) -> Answer:
        """The answer to `request`, all of it from one publication.

        Args:
            request: everything that `build` depends on, besides the publication.
            build: makes what the body holds.

        Raises:
            WarehouseError: nothing has been published, or the warehouse is out of reach.
            ReportError: `build` found nothing of that name.
        """
        kept = self._look_up(_etag(self._warehouse.publication(), request))
        if kept is not None:
            return kept
        with self._warehouse.published() as tx:
            # There may be a new publication since: the tag is of the one that the body is read from.
            publication = tx.fetch(NEWEST_PUBLICATION)[0]
            body = json.dumps(build(tx), ensure_ascii=False, separators=(",", ":")).encode()
        answer = Answer(body, _etag(publication, request))
        self._keep(answer, publication)
        return answer

    def publication_id(self) -> int:
        """The number of what readers see now.

        Raises:
            WarehouseError: as of `answer`.
        """
        return self._warehouse.publication()[0]

    def _look_up(self, etag: str) -> Answer | None:
        with self._lock:
            if etag in self._kept:
                self._kept.move_to_end(etag)
            return self._kept.get(etag)

    def _keep(self, answer: Answer, publication: Publication) -> None:
        with self._lock:
            if publication != self._publication:
                # Nobody is given what is no longer published, and who was erased since shall not stay in memory.
                self._kept.clear()
                self._size, self._publication = 0, publication
            if answer.etag not in self._kept:
                self._size += len(answer.body)
            self._kept[answer.etag] = answer
            while self._size > self._capacity:
                _, oldest = self._kept.popitem(last=False)
                self._size -= len(oldest.body)


def _etag(publication: Publication, request: Request) -> str:
    """The run is in it too: a warehouse that was made anew counts its publications from 1 again."""
    number, run_id = publication
    digest = hashlib.sha256(json.dumps([run_id, *request]).encode()).hexdigest()[:32]
    return f'"{number}-{digest}"'
