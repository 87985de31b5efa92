"""Limits how many predictions this process runs at a time; further questions wait in order.

Those of several people take turns: the first of each comes before the second of anybody. Questions that name nobody
go in the order in which they came.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def nothing() -> None:
    """Does nothing."""


class Slot:
    """The place of one question of an `asker`, by any name, in the order in which questions are admitted. `left` is
    called once it is given up."""

    def __init__(self, admission: Admission, asker: str, left: Callable[[], None]) -> None:
        self.asker = asker
        self._admission = admission
        self._left = left
        self._is_kept = False

    @property
    def before(self) -> int:
        """How many others must finish first; 0: it may be asked."""
        return self._admission.before(self)

    async def moved(self) -> None:
        """Wait until the order has changed."""
        await self._admission.moved()

    def keep(self) -> None:
        """Keep the place beyond the context that it was taken in, until `give_up`: its prediction goes on."""
        self._is_kept = True

    def leave(self) -> None:
        """Leave the context that the place was taken in."""
        if not self._is_kept:
            self.give_up()

    def give_up(self) -> None:
        """Give up a place that was kept."""
        self._admission.give_up(self)
        self._left()


class Admission:
    """Admits `most` questions at a time; the others wait."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._admitted: dict[Slot, None] = {}
        self._waiting: list[Slot] = []
        """Those that wait, in the order in which they are admitted."""
        self._moved = asyncio.Event()

    @contextmanager
    def place(self, asker: str = "", left: Callable[[], None] = nothing) -> Iterator[Slot]:
        """Take a place, and give it up on exit, unless it is kept."""
        place = Slot(self, asker, left)
        if len(self._admitted) < self._most:
            self._admitted[place] = None
        else:
            last = [*self._waiting, place]
            self._waiting = in_turns(last, Counter(slot.asker for slot in self._admitted))
            if self._waiting != last:
                self._has_moved()
        try:
            yield place
        finally:
            place.leave()

    def give_up(self, place: Slot) -> None:
        """Let the next one have the place."""
        if place in self._admitted:
            del self._admitted[place]
            if self._waiting:
                self._admitted[self._waiting.pop(0)] = None
        else:
            self._waiting.remove(place)
        self._waiting = in_turns(self._waiting, Counter(slot.asker for slot in self._admitted))
        self._has_moved()

    def before(self, place: Slot) -> int:
        return 0 if place in self._admitted else self._waiting.index(place) + 1

    async def moved(self) -> None:
        await self._moved.wait()

    @property
    def waiting(self) -> int:
        """How many wait to be admitted."""
        return len(self._waiting)

    def _has_moved(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()


def in_turns(waiting: list[Slot], under_way: Counter[str]) -> list[Slot]:
    """Those that wait in the order in which they are admitted: who has the fewest before it, of its asker's that are
    `under_way` or wait, comes first; of several, the one that came first."""
    seen = Counter(under_way)
    numbered: list[tuple[int, Slot]] = []
    for slot in waiting:
        numbered.append((seen[slot.asker], slot))
        seen[slot.asker] += 1
    return [slot for _, slot in sorted(numbered, key=lambda one: one[0])]
