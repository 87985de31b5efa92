"""Limits how many predictions this process runs at a time; further questions wait in order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Slot:
    """The place of one question in the order in which questions came."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
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
            self._admission.give_up(self)

    def give_up(self) -> None:
        """Give up a place that was kept."""
        self._admission.give_up(self)


class Admission:
    """Admits `most` questions at a time; the others wait in the order in which they came."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._places: dict[Slot, None] = {}
        self._moved = asyncio.Event()

    @contextmanager
    def place(self) -> Iterator[Slot]:
        """Take the last place, and give it up on exit, unless it is kept."""
        place = Slot(self)
        self._places[place] = None
        try:
            yield place
        finally:
            place.leave()

    def give_up(self, place: Slot) -> None:
        """Let the next one have the place."""
        del self._places[place]
        self._moved.set()
        self._moved = asyncio.Event()

    def before(self, place: Slot) -> int:
        # The first `most` are admitted, so the next one waits for one of them to finish.
        return max(0, list(self._places).index(place) + 1 - self._most)

    async def moved(self) -> None:
        await self._moved.wait()

    @property
    def waiting(self) -> int:
        """How many wait to be admitted."""
        return max(0, len(self._places) - self._most)
