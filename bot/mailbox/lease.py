"""Knows one question that this process works on: its hold, what is noted of it, and whether we may still write."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from bot.errors import StoreUnavailable
from bot.mailbox.durations import DURATIONS, Durations
from bot.mailbox.stages import Stage, Step, after, was_asked
from bot.ports import Mailboxes
from bot.thread import Hold, Item, OpenAnswer, Run, UnansweredQuestion

log = structlog.get_logger(__name__)

MOST_FAILURES = 5
"""A question that so many processes in turn have not brought to an end may be what ends them."""


class Lease:
    """A hold on one item. `lost` is set when another process has taken it: from then on nothing may be written."""

    def __init__(
        self,
        mailboxes: Mailboxes,
        hold: Hold,
        opened: OpenAnswer,
        *,
        now: Callable[[], float],
        durations: Durations = DURATIONS,
        failures: int = 0,
        unreadable: str = "",
    ) -> None:
        self.hold = hold
        self.opened = opened
        self._found = opened
        self.failures = failures
        """How many processes have not brought it to an end."""
        self.unreadable = unreadable
        """Why this version cannot read what is stored of it; empty where it can."""
        self.before: int | None = None
        """How many questions of its mailbox come first; None as long as that is not known."""
        self.may_show = False
        """It may be seen to wait: answers stand in the order of their questions."""
        self.lost = asyncio.Event()
        self.handed_over = False
        self.again: UnansweredQuestion | None = None
        """What is kept of the question when it is settled."""
        self.run_over = ""
        """The chat whose run has been seen to end: its note goes when the question is settled."""
        self.look = hold.epoch > 1
        """Messages of its answer may stand in Slack that nothing is known of: they are looked for."""
        self.stage = Stage.STORED
        if opened.asked_at:
            self.stage = Stage.STREAMING if opened.messages else Stage.ASKED
        self._mailboxes = mailboxes
        self._now = now
        self._durations = durations
        self._until = now() + durations.lease
        self._away_at: float | None = None
        self._changed = asyncio.Event()
        self._moved = asyncio.Event()
        self._then: list[Callable[[], Awaitable[None]]] = []

    @property
    def item(self) -> Item:
        return self.hold.item

    def asks_again_as(self, item: Item) -> None:
        """More is known of the question, for the one who wants to ask it again."""
        self.hold = replace(self.hold, item=item)

    @property
    def is_settled(self) -> bool:
        return self.stage is Stage.SETTLED

    @property
    def taken_over(self) -> bool:
        """Another process, or we before a restart, has worked on it."""
        return self.hold.epoch > 1

    @property
    def was_asked(self) -> bool:
        """Flowise may have been asked, by whomever: it is not to be asked again."""
        return was_asked(self.stage)

    @property
    def ours(self) -> bool:
        """We are the one to go on with it."""
        return not self.lost.is_set() and not self.handed_over

    # Holding ----------------------------------------------------------------------------------------------------------

    async def stand(self) -> int:
        """Renew the hold alone; the number of items before it, 0 when it is its turn or when it is lost.

        Raises StoreUnavailable.
        """
        asked_at, seconds = self._now(), self._durations.lease
        try:
            before = await self._mailboxes.stand(self.hold, seconds)
            if (
                before is None
                and not self.unreadable
                and await self._mailboxes.restore(self.hold, seconds, self.opened)
            ):
                log.warning("the store has lost its data; stored again", ref=self.item.reference)
                before = await self._mailboxes.stand(self.hold, seconds)
        except StoreUnavailable:
            self.store_is_away()
            raise
        if before is None:
            self._is_lost()
            return 0
        self.stands(before, asked_at)
        return before

    def stands(self, before: int, asked_at: float) -> None:
        """The store has renewed the hold, which was asked for at `asked_at`: so many come before it."""
        self._away_at = None
        self._until = asked_at + self._durations.lease
        if before != self.before:
            self.before = before
            self._moved.set()

    def store_is_away(self) -> None:
        """The hold could not be renewed now."""
        self._away_at = self._now()

    def _is_lost(self) -> None:
        self._away_at = None
        if not self.lost.is_set() and not self.is_settled:
            log.warning("another process has taken this over", ref=self.item.reference, epoch=self.hold.epoch)
        self.lost.set()
        self._moved.set()

    def lets_show(self) -> None:
        """What comes before it can be seen in Slack."""
        self.may_show = True
        self._moved.set()

    async def place(self) -> int:
        """How many questions come first, as soon as that is known; 0 when it is its turn or it is lost."""
        if self.lost.is_set():
            return 0
        return await self.moved() if self.before is None else self.before

    async def moved(self) -> int:
        """Wait until there is something new: how many questions come first; 0 when it is its turn or it is lost."""
        while True:
            await self._moved.wait()
            self._moved.clear()
            if self.lost.is_set():
                return 0
            if self.before is not None:
                return self.before

    @property
    def is_stale(self) -> bool:
        """It has not been renewed in time: we stood still, or the store did not answer."""
        return self._now() > self._until

    async def may_write(self) -> bool:
        """Whether a Slack call may be made now. A hold that would not outlast the call is renewed first.

        While the store is away, nobody can take anything over, and what was begun is brought to its end.
        """
        if self.lost.is_set():
            return False
        if self._until - self._now() > self._durations.call or self._is_away:
            return True
        try:
            await self.stand()
        except StoreUnavailable:
            return True
        return not self.lost.is_set()

    @property
    def _is_away(self) -> bool:
        return self._away_at is not None and self._now() - self._away_at < self._durations.unreachable

    @property
    def call_seconds(self) -> float:
        """How long a call that is made now may take."""
        longest = self._durations.call
        return longest if self._is_away else max(0.5, min(longest, self._until - self._now()))

    # What is noted ----------------------------------------------------------------------------------------------------

    def goes(self, step: Step) -> None:
        """The next step of the question."""
        self.stage = after(self.stage, step)

    def turn_came(self) -> None:
        if self.stage is Stage.STORED:
            self.goes(Step.LEASE)

    async def asks(self, chat_id: str, question: str, run: Run) -> bool:
        """Note, directly before it happens, that Flowise is asked; False when it must not: we have lost the question.

        Raises StoreUnavailable: then it must not be asked either.
        """
        opened = replace(self.opened, chat_id=chat_id, asked_at=run.since, question=question, after=run.after)
        try:
            if not await self._mailboxes.note(self.hold, opened, run):
                await self.stand()  # the data may have been lost, and are restored then
                if self.lost.is_set() or not await self._mailboxes.note(self.hold, opened, run):
                    self.lost.set()
                    return False
        except asyncio.CancelledError:  # it may be noted, and will not be asked by us
            self.run_over = chat_id
            raise
        self.opened = replace(self.opened, chat_id=chat_id, asked_at=run.since, question=question, after=run.after)
        self.goes(Step.ASK)
        return True

    def shows(self, **changes: object) -> None:
        """Slack has accepted something: what is open now is written down soon.

        Of a question that this version cannot read nothing is written over: it is kept as it was found.
        """
        if self.unreadable:
            return
        self.opened = replace(self.opened, **changes)  # type: ignore[arg-type]  # the fields of OpenAnswer
        if self.was_asked:
            self.goes(Step.SHOW)
        self._changed.set()

    def knows(self, journal: str, *, whole: bool) -> None:
        """More of the answer has come."""
        self.opened = replace(self.opened, journal=journal, whole=whole)
        self._changed.set()

    async def note_changes(self) -> None:
        """Write down soon what is open; never returns."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._mailboxes.note(self.hold, self.opened)
            except StoreUnavailable:
                self._changed.set()
            # A long answer is written less often, so that a thousand characters cost what they cost in a short one.
            await asyncio.sleep(self._durations.note + len(self.opened.journal) / 40_000)

    # The end ----------------------------------------------------------------------------------------------------------

    def then(self, work: Callable[[], Awaitable[None]]) -> None:
        """Something to be written into the store before the question is settled. It may be done twice."""
        self._then.append(work)

    async def settle(self, again: UnansweredQuestion | None = None) -> None:
        """It is done, unless another process has gone on with it while we stood still. Raises StoreUnavailable."""
        if self.is_stale:
            await self.stand()
            if self.lost.is_set():
                return
        while self._then:
            await self._then[0]()
            self._then.pop(0)
        await self._mailboxes.settle(self.hold, again, run_over=self.run_over)
        if self.stage is not Stage.SETTLED:
            self.goes(Step.SETTLE)

    async def release(self, *, failed: bool = False) -> None:
        """Let another process go on with it at once, from what we know now. Raises StoreUnavailable.

        `failed`: we were not stopped, but could not bring it to an end.
        """
        # Where we have done nothing, what is noted stays as it is: a newer version may have noted more than we read.
        # But that Flowise is asked may have been noted when we were stopped, before it was.
        if self.opened != self._found or self.run_over:
            await self._mailboxes.note(self.hold, self.opened)
        await self._mailboxes.release(self.hold, run_over=self.run_over, failed=failed)

    async def put_aside(self, reason: str) -> str:
        """Nobody can bring it to an end: the name of the key where it is kept, empty where it is not ours any more.

        Raises StoreUnavailable.
        """
        return await self._mailboxes.put_aside(self.hold, reason)
