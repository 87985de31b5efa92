"""Knows what this process has taken in or taken over: each question is held by a lease until it is settled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import structlog

from bot import lease as leases
from bot.errors import StoreUnavailable
from bot.lease import Lease
from bot.ports import Mailboxes
from bot.thread import Asked, Hold, Item, OpenAnswer, Progress, Thread

log = structlog.get_logger(__name__)

_SETTLE_AGAIN = 1.0


class Mailbox:
    """The questions of one process, which is known to the others as `process`; of the workspace `team`."""

    def __init__(self, mailboxes: Mailboxes, team: str, process: str, *, now: Callable[[], float]) -> None:
        self.others = 0
        """How many other processes look after this workspace's mailboxes."""
        self._mailboxes = mailboxes
        self._team = team
        self._process = process
        self._now = now
        self._leases: dict[str, Lease] = {}

    async def accept(
        self, item: Item, *, opens: Thread | None = None, opened: OpenAnswer | None = None
    ) -> Lease | None:
        """Store a question and claim it; None when somebody has done so before. Raises StoreUnavailable."""
        hold, known = Hold(item, self._process), opened or OpenAnswer()
        if not await self._mailboxes.accept(hold, leases.LEASE, opens=opens, opened=known):
            return None
        return self._held(hold, known)

    def _held(self, hold: Hold, opened: OpenAnswer) -> Lease:
        lease = Lease(self._mailboxes, hold, opened, now=self._now)
        self._leases[hold.item.reference] = lease
        return lease

    @property
    def held(self) -> tuple[Lease, ...]:
        """What this process works on."""
        return tuple(self._leases.values())

    async def asked(self, line: str, reference: str) -> Asked | None:
        """A question that may be asked again. Raises StoreUnavailable."""
        return await self._mailboxes.asked(line, reference)

    async def progress(self, line: str, reference: str) -> Progress | None:
        """How far a question has come, whoever works on it; None when nobody has. Raises StoreUnavailable."""
        return await self._mailboxes.progress(line, reference)

    async def settled(self, lease: Lease, again: Asked | None = None) -> None:
        """Take a question that has its last word out of its mailbox: until that is done, nobody else may find it."""
        try:
            while lease.ours:
                with suppress(StoreUnavailable):
                    await lease.settle(again)
                    log.info("settled", ref=lease.item.reference)
                    return
                await asyncio.sleep(_SETTLE_AGAIN)
        finally:
            self._forget(lease)

    async def handed_over(self, lease: Lease) -> None:
        """Let another process go on with a question, at once or, where the store is away, when the lease ends."""
        self._forget(lease)
        with suppress(StoreUnavailable):
            await lease.release()

    def _forget(self, lease: Lease) -> None:
        if self._leases.get(lease.item.reference) is lease:
            del self._leases[lease.item.reference]

    async def abandoned(self) -> AsyncIterator[Lease]:
        """The questions whose process is gone, as they are taken over; never ends."""
        while True:
            try:
                # Where all processes stood still, each must renew its own before anybody takes anything over.
                for lease in self.held:
                    if lease.is_stale:
                        await lease.stand()
                found, self.others = await self._mailboxes.abandoned(self._team, self._process, leases.LEASE)
            except StoreUnavailable:
                await self._back()
                continue
            for taken in found:
                item = taken.hold.item
                log.warning("taking over", ref=item.reference, line=item.line, epoch=taken.hold.epoch)
                yield self._held(taken.hold, taken.opened)
            await asyncio.sleep(leases.RENEWAL)

    async def _back(self) -> None:
        """Wait until the store answers, and then until every process has had the time to renew what it holds."""
        answers = False
        while not answers:
            await asyncio.sleep(leases.RENEWAL)
            with suppress(StoreUnavailable):
                await self._mailboxes.withdraw(self._team, self._process)  # until then we take nothing over
                answers = True
        await asyncio.sleep(leases.LEASE)

    async def withdraw(self) -> None:
        """Tell the others not to count on us. A store that is away forgets us by itself."""
        with suppress(StoreUnavailable):
            await self._mailboxes.withdraw(self._team, self._process)
