"""Kept answers: of one publication, within a bound, computed once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from serving.answers import Answers
from warehouse.base import WarehouseError


class FakeWarehouse:
    """One that counts its looks; `arriving` is published between the two looks of an answer."""

    def __init__(self) -> None:
        self.newest: tuple[int, str] | None = (1, "run 1")
        self.arriving: tuple[int, str] | None = None
        self.looks = 0

    def publication(self) -> tuple[int, str]:
        if self.newest is None:
            raise WarehouseError("nothing has been published yet")
        return self.newest

    @contextmanager
    def published(self) -> Iterator["FakeWarehouse"]:
        self.looks += 1
        self.newest, self.arriving = self.arriving or self.newest, None
        yield self

    def fetch(self, sql: str) -> list[tuple]:
        return [self.newest]


def of_publication(warehouse: FakeWarehouse) -> Callable[..., dict]:
    return lambda tx: {"publication": warehouse.newest[0]}


def test_answer_is_computed_once_a_publication_and_request() -> None:
    warehouse = FakeWarehouse()
    answers = Answers(warehouse, 1000)
    first = answers.answer(("a", "b"), of_publication(warehouse))
    assert first.body == b'{"publication":1}'
    assert answers.answer(("a", "b"), of_publication(warehouse)) is first and warehouse.looks == 1
    # The parts of a request are told apart.
    assert answers.answer(("ab",), of_publication(warehouse)).etag != first.etag and warehouse.looks == 2


def test_publication_that_arrives_meanwhile_names_the_answer_read_from_it() -> None:
    warehouse = FakeWarehouse()
    answers = Answers(warehouse, 1000)
    warehouse.arriving = (2, "run 2")
    answer = answers.answer(("a",), of_publication(warehouse))
    assert answer.body == b'{"publication":2}' and answer.etag.startswith('"2-')
    assert answers.answer(("a",), of_publication(warehouse)) is answer and warehouse.looks == 1


def test_publication_of_another_warehouse_is_not_taken_for_the_one_of_its_number() -> None:
    warehouse = FakeWarehouse()
    answers = Answers(warehouse, 1000)
    first = answers.answer(("a",), of_publication(warehouse))
    warehouse.newest = (1, "run 1 of a warehouse made anew")
    assert answers.answer(("a",), of_publication(warehouse)).etag != first.etag and warehouse.looks == 2


def test_answers_of_an_earlier_publication_are_dropped() -> None:
    warehouse = FakeWarehouse()
    answers = Answers(warehouse, 1000)
    for request in ("a", "b"):
        answers.answer((request,), of_publication(warehouse))
    earlier, warehouse.newest = warehouse.newest, (2, "run 2")
    answers.answer(("a",), of_publication(warehouse))
    warehouse.newest = earlier
    answers.answer(("b",), of_publication(warehouse))
    assert warehouse.looks == 4


def test_the_answer_not_asked_for_the_longest_goes_when_the_bound_is_reached() -> None:
    warehouse = FakeWarehouse()
    answers = Answers(warehouse, 2 * len(b'{"publication":1}'))
    for request in ("a", "b", "a", "c"):
        answers.answer((request,), of_publication(warehouse))
    assert warehouse.looks == 3
    answers.answer(("a",), of_publication(warehouse))
    assert warehouse.looks == 3
    answers.answer(("b",), of_publication(warehouse))
    assert warehouse.looks == 4


def test_answer_larger_than_the_bound_is_given_and_not_kept() -> None:
    warehouse = FakeWarehouse()
    answers = Answers(warehouse, 3)
    for _ in range(2):
        assert answers.answer(("a",), of_publication(warehouse)).body == b'{"publication":1}'
    assert warehouse.looks == 2
