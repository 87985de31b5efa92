"""Knows which answers are being written: each is noted in the store, so that those of a killed replica get closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import structlog

from bot.conversation import LEASE, RENEWAL
from bot.errors import StoreUnavailable
from bot.ports import Store
from bot.thread import OpenAnswer

log = structlog.get_logger(__name__)


class OpenAnswers:
    """The answers that this replica is writing, and those that another one has left open."""

    def __init__(self, store: Store, team: str) -> None:
        self._store = store
        self._team = team
        self._live: dict[str, OpenAnswer] = {}
        self._unclosed: dict[str, OpenAnswer] = {}

    @asynccontextmanager
    async def noted(self, answer: OpenAnswer) -> AsyncIterator[Callable[[str], None]]:
        """Keep a note of an answer while it is being written. Gives what is to be told the `ts` of its stream."""
        changed = asyncio.Event()

        def streams(ts: str) -> None:
            self._live[answer.reference] = replace(answer, stream=ts)
            changed.set()

        async def keep() -> None:
            while True:
                changed.clear()
                with suppress(StoreUnavailable):
                    await self._store.answer_open(self._live[answer.reference], LEASE)
                with suppress(TimeoutError):
                    async with asyncio.timeout(RENEWAL):
                        await changed.wait()

        self._live[answer.reference] = answer
        task = asyncio.create_task(keep())
        try:
            yield streams
        finally:
            task.cancel()
            await asyncio.wait([task])
            self._unclosed[answer.reference] = self._live.pop(answer.reference)
        await self._note_closed()

    async def _note_closed(self) -> None:
        """Take away the notes of answers that are done; what the store does not take now is tried again."""
        with suppress(StoreUnavailable):
            for answer in list(self._unclosed.values()):
                await self._store.answer_closed(answer)
                self._unclosed.pop(answer.reference, None)

    async def abandoned(self) -> AsyncIterator[OpenAnswer]:
        """The answers that a killed replica has left open, as they are found; never ends."""
        while True:
            try:
                await self._note_closed()
                for left in await self._store.abandoned(self._team):
                    if left.reference in self._live or left.reference in self._unclosed:
                        continue  # ours: the store was away, or we were slow
                    log.warning("closing an answer that was left open", ref=left.reference, channel=left.channel)
                    yield left
                await asyncio.sleep(RENEWAL)
            except StoreUnavailable:
                # When it is back, every replica must first have the time to renew its notes.
                await asyncio.sleep(LEASE + RENEWAL)
