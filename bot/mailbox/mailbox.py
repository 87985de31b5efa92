"""Keeps the questions that this process accepted or took over, each under a lease, until they are settled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

import structlog

from bot.background.supervision import Supervisor
from bot.errors import StoreUnavailable
from bot.mailbox.durations import DURATIONS, Durations
from bot.mailbox.lease import Lease
from bot.mailbox.renewal import Line
from bot.mailbox.retry import retried
from bot.mailbox.stops import StopWatch
from bot.ports.mailboxes import Mailboxes, TakenOver
from bot.records.codec import printable
from bot.records.thread import (
    Hold,
    Item,
    OpenAnswer,
    QuestionProgress,
    StopRequest,
    StopResult,
    Thread,
    UnansweredQuestion,
)

log = structlog.get_logger(__name__)

# So many leases after this process has last failed at a question, that is forgotten.
_REMEMBERED_LEASES = 10
# How often, and after how many seconds, to look whether a question is settled: Slack waits for three.
_LOOKS = 10
_LOOK_SECONDS = 0.2


class Mailbox:
    """The questions of one process, which is known to the others as `process`; of all workspaces that it serves."""

    def __init__(
        self,
        mailboxes: Mailboxes,
        process: str,
        *,
        now: Callable[[], float],
        supervisor: Supervisor | None = None,
        durations: Durations = DURATIONS,
    ) -> None:
        self.durations = durations
        self._mailboxes = mailboxes
        self._is_withdrawn = False
        self._others: dict[str, int] = {}
        """How many other processes look after the mailboxes of each workspace that is served here."""
        self._process = process
        self._now = now
        self._supervisor = supervisor or Supervisor(now)
        self._leases: dict[tuple[str, str], Lease] = {}
        self._lines: dict[str, Line] = {}
        self._stops = StopWatch(mailboxes.stops, self._supervisor, self._leases, self.durations)
        self._failed: dict[tuple[str, str], float] = {}
        """Until when a question that this process failed to finish is left to others."""

    def serve(self, team: str) -> None:
        """From now on look after the mailboxes of a workspace too."""
        self._others.setdefault(team, 0)

    async def leave(self, team: str) -> None:
        """Look after the mailboxes of a workspace no longer, and tell the others not to count on us there."""
        self._others.pop(team, None)
        if not self._is_withdrawn:
            with suppress(StoreUnavailable):
                await self._mailboxes.withdraw([team], self._process)

    async def others(self, team: str) -> int:
        """How many other processes look after the mailboxes of a workspace now; where the store cannot be reached, as
        it was known last.

        What was known last may be seconds old: in a rolling restart a new process comes just before an old one goes.
        """
        try:
            return await self._mailboxes.others(team, self._process)
        except StoreUnavailable:
            return self._others.get(team, 0)

    async def accept(
        self, item: Item, *, opens: Thread | None = None, opened: OpenAnswer | None = None
    ) -> Lease | None:
        """Store and claim a question; None if it was claimed before. Raises StoreUnavailable."""
        hold, known = Hold(item, self._process), opened or OpenAnswer()
        if not await self._mailboxes.accept(hold, self.durations.lease, opens=opens, opened=known):
            return None
        return self._held(TakenOver(hold, known))

    def _held(self, taken: TakenOver) -> Lease:
        lease = Lease(
            self._mailboxes,
            taken.hold,
            taken.opened,
            now=self._now,
            durations=self.durations,
            failures=taken.failures,
            unreadable=taken.unreadable,
            stop=taken.stopped,
        )
        self._leases[lease.item.line, lease.item.reference] = lease
        return lease

    @property
    def held(self) -> tuple[Lease, ...]:
        """The questions that this process works on."""
        return tuple(self._leases.values())

    @asynccontextmanager
    async def kept(self, lease: Lease) -> AsyncIterator[None]:
        """Renew a hold and note changes of the answer's state, for as long as the context is open."""
        name = lease.item.line
        line = self._lines.setdefault(name, Line(self._mailboxes, self._supervisor, self._now, self.durations))
        notes = self._supervisor.start("writing down answers", lease.note_changes, longest=self.durations.renewal)
        try:
            async with self._stops.heard(), line.kept(lease):
                yield
        finally:
            if line.is_empty and self._lines.get(name) is line:
                del self._lines[name]
            notes.cancel()
            await asyncio.wait([notes])

    async def stop(self, line: str, reference: str, request: StopRequest) -> StopResult:
        """Note that a person no longer wants an answer. Whoever works on it hears of it within a second.

        Raises StoreUnavailable.
        """
        found = await self._mailboxes.stops.stop(line, reference, request)
        if found is not StopResult.GONE and (lease := self._leases.get((line, reference))):
            lease.stops(request)
        return found

    async def items(self, line: str) -> tuple[Item, ...]:
        """What is under way or waits in a mailbox, by any process, in its order. Raises StoreUnavailable."""
        return await self._mailboxes.items(line)

    async def asked(self, line: str, reference: str) -> UnansweredQuestion | None:
        """A settled question that may be asked again. Raises StoreUnavailable."""
        asked = await self._mailboxes.asked(line, reference)
        if asked is None:
            await self.until_settled(line, reference)
            asked = await self._mailboxes.asked(line, reference)
        return asked

    async def until_settled(self, line: str, reference: str) -> None:
        """Wait until a question is settled: the buttons under its answer are seen a moment before.

        Raises StoreUnavailable: it takes too long.
        """
        for _ in range(_LOOKS):
            progress = await self._mailboxes.progress(line, reference)
            if progress is None or progress.settled:
                return
            await asyncio.sleep(_LOOK_SECONDS)
        raise StoreUnavailable("the question is not settled yet")

    async def progress(self, line: str, reference: str) -> QuestionProgress | None:
        """How far a question has come, by any process; None if it is unknown. Raises StoreUnavailable."""
        return await self._mailboxes.progress(line, reference)

    # The end ----------------------------------------------------------------------------------------------------------

    async def settled(self, lease: Lease, again: UnansweredQuestion | None = None) -> None:
        """Settle a question whose answer is complete; its lease is kept until that is done."""

        async def settle() -> None:
            if lease.ours:
                await lease.settle(again)
                log.info("question settled", ref=lease.item.reference)

        try:
            await retried(settle, asyncio.sleep, ref=lease.item.reference, pause=self.durations.settling)
        finally:
            self._forget(lease)

    async def handed_over(self, lease: Lease) -> None:
        """Let another process continue a question: at once or, if the store is unreachable, when the lease ends."""
        self._forget(lease)
        with suppress(StoreUnavailable):
            await lease.release()

    async def failed(self, lease: Lease) -> bool:
        """Let another process try a question that this one failed to finish; whether this is its first failure here.

        It is tried here again if no other process takes it within a lease.
        """
        self._forget(lease)
        name = (lease.item.line, lease.item.reference)
        is_news = name not in self._failed
        self._failed[name] = self._now() + self.durations.lease
        with suppress(StoreUnavailable):
            await lease.release(failed=True)
        return is_news

    async def put_aside(self, lease: Lease, reason: str) -> str:
        """Put aside a question that no process can finish; returns the name of the key where it is kept.

        Empty if it is no longer ours, or if the store is unreachable: then the next process puts it aside.
        """
        self._failed.pop((lease.item.line, lease.item.reference), None)
        try:
            with suppress(StoreUnavailable):
                return await lease.put_aside(reason)
            return ""
        finally:  # after it has left the mailbox, so that the next question finds that it is its turn
            self._forget(lease)

    def _forget(self, lease: Lease) -> None:
        name = (lease.item.line, lease.item.reference)
        if self._leases.get(name) is lease:
            del self._leases[name]
        if line := self._lines.get(lease.item.line):
            line.moved()

    # What others have left --------------------------------------------------------------------------------------------

    async def abandoned(self) -> AsyncIterator[Lease]:
        """Take over and yield the questions whose process is gone; never ends."""
        while True:
            try:
                await self._stand_stale()
                found, others = await self._looked()
                self._others |= {team: others[team] for team in self._others if team in others}
            except StoreUnavailable:
                await self._back()
                continue
            for taken in found:
                item = taken.hold.item
                if (item.line, item.reference) not in self._failed:
                    reference, line = printable(item.reference), printable(item.line)
                    log.warning("question taken over", ref=reference, line=line, epoch=taken.hold.epoch)
                yield self._held(taken)
            await asyncio.sleep(self.durations.renewal)

    async def _looked(self) -> tuple[tuple[TakenOver, ...], Mapping[str, int]]:
        """What is taken over now, and how many others there are. Cancelled, it gives back what was taken meanwhile:
        nobody would work on it for the length of a lease."""
        left = self._left_to_others()
        look = self._mailboxes.abandoned(list(self._others), self._process, self.durations.lease, but_not=left)
        looking = asyncio.ensure_future(look)
        try:
            return await asyncio.shield(looking)
        except asyncio.CancelledError:
            with suppress(StoreUnavailable):
                for taken in (await looking)[0]:
                    await self._mailboxes.release(taken.hold)
            raise

    async def _stand_stale(self) -> None:
        """If all processes stood still, each must renew its own holds before any takes something over."""
        for lease in self.held:
            if not lease.is_stale:
                continue
            if lease in self._lines.get(lease.item.line, ()):
                await lease.stand()
            else:  # no work on it has begun; if it were renewed, it would wait for ever
                self._forget(lease)

    def _left_to_others(self) -> list[tuple[str, str]]:
        now, memory = self._now(), _REMEMBERED_LEASES * self.durations.lease
        self._failed = {name: until for name, until in self._failed.items() if until + memory > now}
        return [name for name, until in self._failed.items() if until > now]

    async def _back(self) -> None:
        """Wait until the store can be reached, and then until every process has had time to renew its holds."""
        answers = False
        while not answers:
            await asyncio.sleep(self.durations.renewal)
            with suppress(StoreUnavailable):
                await self._mailboxes.withdraw(list(self._others), self._process)  # until then we take nothing over
                answers = True
        await asyncio.sleep(self.durations.lease)

    async def withdraw(self) -> None:
        """Tell the others not to count on us. A store that is away forgets us by itself."""
        self._is_withdrawn = True
        with suppress(StoreUnavailable):
            await self._mailboxes.withdraw(list(self._others), self._process)
