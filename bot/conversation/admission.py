"""Knows how many predictions this process may have at a time, and who waits for a place in which order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Slot:
    """One question's place among those that want to be asked."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    @property
    def before(self) -> int:
        """How many others come first; 0: it may be asked."""
        return self._admission.before(self)

    async def moved(self) -> None:
        """Returns when the order has changed."""
        await self._admission.moved()


class Admission:
    """`most` predictions at a time; the others wait in the order in which they came."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._places: dict[Slot, None] = {}
        self._moved = asyncio.Event()

    @contextmanager
    def place(self) -> Iterator[Slot]:
        """Take a place, and give it up in the end."""
        place = Slot(self)
        self._places[place] = None
        try:
            yield place
        finally:
            del self._places[place]
            self._moved.set()
            self._moved = asyncio.Event()

    def before(self, place: Slot) -> int:
        # Those who are let in are the first, so that who comes after them waits for as many to go.
        return max(0, list(self._places).index(place) + 1 - self._most)

    async def moved(self) -> None:
        await self._moved.wait()

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return max(0, len(self._places) - self._most)
