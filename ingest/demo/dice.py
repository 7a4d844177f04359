"""Chance, reproducible to the last bit: uniform draws of PCG64 and nothing but + - * / and square roots upon them.

Normal, exponential and Poisson draws go through exp and log, whose last bit differs between maths libraries; here a
heavy tail is a power of a uniform draw instead, so that the same seed tells the same story on every machine.
"""

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TypeVar

import numpy as np

Item = TypeVar("Item", bound=Hashable)

BLOCK = 65_536  # draws fetched at a time: a scalar call into numpy costs ten times as much as a list item


class Dice:
    """Every random decision of one part of the demo; parts with different numbers do not disturb each other."""

    def __init__(self, seed: int, part: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, part])))
        self._draws: Iterator[float] = iter(())
        self._cumulative: dict[int, tuple[Mapping, list, list[float]]] = {}

    def roll(self) -> float:
        """A uniform number in [0, 1)."""
        draw = next(self._draws, None)
        if draw is None:
            self._draws = iter(self._generator.random(BLOCK).tolist())
            draw = next(self._draws)
        return draw

    def chance(self, probability: float) -> bool:
        return self.roll() < probability

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.roll() * (high - low + 1))

    def skewed(self, low: float, high: float) -> float:
        """A number in [low, high), mostly near low, now and then far out."""
        draw = self.roll()
        return low + (high - low) * draw * draw * draw

    def pick(self, items: Sequence[Item]) -> Item:
        return items[int(self.roll() * len(items))]

    def weighted(self, weights: Mapping[Item, float]) -> Item:
        """One key, with a chance in proportion to its weight; the mapping must not change between calls."""
        known = self._cumulative.get(id(weights))
        if known is None:
            # The mapping is kept beside its sums, so that no other object can come to bear its id.
            known = self._cumulative[id(weights)] = (weights, list(weights), list(accumulate(weights.values())))
        _, items, sums = known
        return items[bisect_right(sums, self.roll() * sums[-1])]

    def sample(self, items: Sequence, size: int) -> list:
        """`size` different positions of `items`, in random order. Raises ValueError when there are fewer."""
        if size > len(items):
            raise ValueError(f"cannot draw {size} of {len(items)} items without repetition")
        chosen: dict[int, None] = {}
        while len(chosen) < size:
            chosen[int(self.roll() * len(items))] = None
        return [items[position] for position in chosen]
