"""Renews all leases of this process on one mailbox together, and tells each question how many come first.

One script renews everything, and only the first question that waits polls. A subscription would hold a connection per
process, and Cluster and Sentinel each lose one in their own way.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import structlog

from bot.background.supervision import Supervisor
from bot.errors import StoreUnavailable
from bot.mailbox.durations import Durations
from bot.mailbox.lease import Lease
from bot.ports.mailboxes import Mailboxes
from bot.records.thread import seconds

log = structlog.get_logger(__name__)


class Line:
    """The questions of one mailbox that this process works on. `now` is monotonic, in seconds."""

    def __init__(
        self, mailboxes: Mailboxes, supervisor: Supervisor, now: Callable[[], float], durations: Durations
    ) -> None:
        self._durations = durations
        self._mailboxes = mailboxes
        self._supervisor = supervisor
        self._now = now
        self._leases: dict[Lease, None] = {}
        self._task: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._renewed_at = -math.inf
        self._is_away = False

    def __contains__(self, lease: Lease) -> bool:
        return lease in self._leases

    @property
    def is_empty(self) -> bool:
        return not self._leases

    @asynccontextmanager
    async def kept(self, lease: Lease) -> AsyncIterator[None]:
        """Renew a hold, and tell it how many questions come first, for as long as the context is open."""
        self._leases[lease] = None
        lease.in_line(self.moved)
        self._woken.set()
        if self._task is None:
            self._task = self._supervisor.start("renewing holds", self._run, longest=self._durations.renewal)
        try:
            yield
        finally:
            del self._leases[lease]
            self.moved()
            if not self._leases and self._task is not None:
                task, self._task = self._task, None
                task.cancel()
                await asyncio.wait([task])

    def moved(self) -> None:
        """A question has left the mailbox, or is no longer ours: it may be the turn of another."""
        self._renewed_at = -math.inf
        self._woken.set()

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                again = await self._looked()
                self._is_away = False
            except StoreUnavailable as error:
                if not self._is_away:
                    log.warning("leases not renewed", leases=len(self._leases), reason=str(error))
                self._is_away = True
                again = self._durations.store if self._waiting() else self._durations.renewal
            with suppress(TimeoutError):
                async with asyncio.timeout(again):
                    await self._woken.wait()

    async def _looked(self) -> float:
        """Make the requests to the store that are due; returns the seconds until the next are."""
        began, waiting = self._now(), self._waiting()
        first = waiting[:1]
        place = first[0].before if first else None
        if began - self._renewed_at >= self._durations.renewal:
            await self._stand(self._ours())
            self._renewed_at = began
        else:
            unplaced = [lease for lease in waiting[1:] if lease.before is None]
            await self._stand([*first, *unplaced])
            if len(waiting) > 1 and place is not None and first[0].before != place:
                self.moved()  # and everything behind it has, too
        hidden = [lease for lease in self._waiting() if lease.before and not lease.may_show and not lease.was_asked][:1]
        for lease in hidden:
            if await self._mailboxes.is_shown_before(lease.hold):
                lease.lets_show()
        renewal = max(0.0, self._durations.renewal - (self._now() - self._renewed_at))
        # While the turn is with one of ours, it can come to another one only through `moved`.
        polls = bool(hidden) or (bool(self._waiting()) and all(lease.before != 0 for lease in self._ours()))
        return min(self._durations.poll, renewal) if polls else renewal

    def _ours(self) -> list[Lease]:
        return [lease for lease in self._leases if not lease.lost.is_set() and not lease.is_settled]

    def _waiting(self) -> list[Lease]:
        """The leases whose turn has not come and is waited for, in the order of the mailbox."""
        waiting = [lease for lease in self._ours() if lease.before != 0 and not lease.lets_pass]
        return sorted(waiting, key=lambda lease: (seconds(lease.item.ts), lease.item.reference))

    async def _stand(self, asked: Sequence[Lease]) -> None:
        if not asked:
            return
        asked_at = self._now()
        try:
            places = await self._mailboxes.stand_all([lease.hold for lease in asked], self._durations.lease)
        except StoreUnavailable:
            for lease in asked:
                lease.store_is_away()
            raise
        missing = []
        for lease, before in zip(asked, places, strict=True):
            if before is not None:
                lease.stands(before, asked_at)
            elif not lease.is_settled:
                missing.append(lease)
        await asyncio.gather(*(lease.stand() for lease in missing))  # the lease is lost, or the store has lost its data
