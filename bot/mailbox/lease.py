"""Keeps one question that this process works on: its lease, its notes, and whether it may still be answered."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

import structlog

from bot.errors import StoreUnavailable
from bot.mailbox.durations import DURATIONS, Durations
from bot.mailbox.stages import Stage, Step, after, was_asked
from bot.ports.mailboxes import Mailboxes
from bot.records.thread import Hold, Item, OpenAnswer, Run, StopRequest, UnansweredQuestion

log = structlog.get_logger(__name__)

MOST_FAILURES = 5
"""A question that so many processes in turn have not brought to an end may be what ends them."""


class Lease:
    """A hold on one item. `lost` is set once another process has taken it: from then on nothing may be written."""

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
        stop: StopRequest | None = None,
    ) -> None:
        self.hold = hold
        self.opened = opened
        self._found = opened
        self.failures = failures
        """How many processes failed to finish it."""
        self.unreadable = unreadable
        """Why this version cannot read what is stored of it; empty if it can."""
        self.before: int | None = None
        """How many questions of its mailbox come first; None until that is known."""
        self.may_show = False
        """Whether Slack may show that it waits: answers appear in the order of their questions."""
        self.lets_pass = False
        """Whether all others of its line may go first."""
        self._line_moved: Callable[[], None] = lambda: None
        self.lost = asyncio.Event()
        self.handed_over = False
        self.stop: StopRequest | None = None
        """Who no longer wants the answer."""
        self.stopped = asyncio.Event()
        self._when_stopped: Callable[[], None] = lambda: None
        self.again: UnansweredQuestion | None = None
        """What is kept of the question once it is settled, so that it can be asked again."""
        self.run_over = ""
        """The chat whose run was seen to end: its note is deleted when the question is settled."""
        self.tokens_used = 0
        """What the models have read and written for its answer, as far as this process has seen it."""
        self.look = hold.epoch > 1
        """Whether to look in Slack for messages of its answer that were not noted."""
        self.stage = Stage.STORED
        if opened.asked_at:
            self.stage = Stage.STREAMING if opened.messages else Stage.ASKED
        self._mailboxes = mailboxes
        self._now = now
        self._durations = durations
        self._until = now() + durations.lease
        self._asked_at = -math.inf
        """When this process has noted that Flowise is asked."""
        self._away_at: float | None = None
        self._changed = asyncio.Event()
        # One note at a time: one that was begun before Flowise was asked must not arrive after the one that says so.
        self._noting = asyncio.Lock()
        self._moved = asyncio.Event()
        self._then: list[Callable[[], Awaitable[None]]] = []
        if stop is not None:
            self.stops(stop)

    @property
    def item(self) -> Item:
        return self.hold.item

    def asks_again_as(self, item: Item) -> None:
        """Keep more of the question, for when it is asked again."""
        self.hold = replace(self.hold, item=item)

    @property
    def stopped_too_late(self) -> bool:
        """Whether a person has stopped it when its answer had ended: nothing came of that."""
        return self.stop is not None and not self.opened.stopped

    @property
    def is_settled(self) -> bool:
        return self.stage is Stage.SETTLED

    @property
    def taken_over(self) -> bool:
        """Another process, or this one before a restart, has worked on it."""
        return self.hold.epoch > 1

    @property
    def was_asked(self) -> bool:
        """Flowise may have been asked, by any process: it must not be asked again."""
        return was_asked(self.stage)

    @property
    def asked_for(self) -> float:
        """The seconds since this process has noted that it asks Flowise; infinite where it has not."""
        return self._now() - self._asked_at

    @property
    def ours(self) -> bool:
        """Whether this process is the one to continue it."""
        return not self.lost.is_set() and not self.handed_over

    def stops(self, request: StopRequest) -> None:
        """Note that a person no longer wants the answer. The first request counts."""
        if self.stop is not None:
            return
        self.stop = request
        self.stopped.set()
        self._when_stopped()

    def when_stopped(self, call: Callable[[], None]) -> None:
        """Have `call` called when it is stopped, in place of what was to be called before."""
        self._when_stopped = call

    # Holding ----------------------------------------------------------------------------------------------------------

    async def stand(self) -> int:
        """Renew this hold only; the number of items before it, 0 if it is its turn or the hold is lost.

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
                log.warning("question stored again", ref=self.item.reference, reason="the store has lost its data")
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
        """Note that the store has renewed the hold, as requested at `asked_at`, and that so many items come first."""
        self._away_at = None
        self._until = asked_at + self._durations.lease
        if before != self.before:
            self.before = before
            self._moved.set()

    def store_is_away(self) -> None:
        """Note that the hold could not be renewed now."""
        self._away_at = self._now()

    def _is_lost(self) -> None:
        self._away_at = None
        if not self.lost.is_set() and not self.is_settled:
            log.warning("question lost", ref=self.item.reference, epoch=self.hold.epoch, reason="taken over")
        self.lost.set()
        self._moved.set()

    def lets_show(self) -> None:
        """Note that the answer to the question before it is visible in Slack."""
        self.may_show = True
        self._moved.set()

    def in_line(self, moved: Callable[[], None]) -> None:
        """Have `moved` called when it may be the turn of another question of its line."""
        self._line_moved = moved

    async def let_pass(self, seconds: float) -> None:
        """Let all others of its line go first, for so many seconds at most, though it is its turn.

        Raises StoreUnavailable.
        """
        self.lets_pass = True
        await self._mailboxes.let_pass(self.hold, seconds)
        if self.before == 0:
            await self.stand()
            self._line_moved()

    async def pass_no_more(self) -> None:
        """Let nobody go first any longer: its turn comes again, at once where no other question has it.

        Raises StoreUnavailable.
        """
        await self._mailboxes.let_pass(self.hold, 0.0)
        self.lets_pass = False
        await self.stand()
        self._line_moved()

    async def place(self) -> int:
        """How many questions come first, once that is known; 0 if it is its turn or the hold is lost."""
        if self.lost.is_set():
            return 0
        return await self.moved() if self.before is None else self.before

    async def moved(self) -> int:
        """Wait for a change; how many questions come first then, 0 if it is its turn or the hold is lost."""
        while True:
            await self._moved.wait()
            self._moved.clear()
            if self.lost.is_set():
                return 0
            if self.before is not None:
                return self.before

    @property
    def is_stale(self) -> bool:
        """It was not renewed in time: this process stood still, or the store was unreachable."""
        return self._now() > self._until

    async def may_write(self) -> bool:
        """Whether Slack may be called now. A hold that would not outlast the call is renewed first.

        While the store is unreachable, no process can take anything over, so what was begun is finished.
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
        """Move on to the stage that follows this step."""
        self.stage = after(self.stage, step)

    def turn_came(self) -> None:
        if self.stage is Stage.STORED:
            self.goes(Step.LEASE)

    async def asks(self, chat_id: str, question: str, run: Run, *, is_first: bool = False, flow: str = "") -> bool:
        """Note, directly before it happens, that Flowise is asked; False if it must not be, because the hold is lost or
        handed over, or the question was stopped.

        `is_first` and `flow` are noted as well, as in `OpenAnswer`. Raises StoreUnavailable: then it must not be asked
        either.
        """
        asked = partial(
            replace,
            chat_id=chat_id,
            asked_at=run.since,
            question=question,
            after=run.after,
            is_first=is_first,
            spoken=run.spoken,
            resumes=run.resumes,
            flow=flow,
        )
        async with self._noting:
            known = self.opened
            opened = asked(known)
            try:
                noted = await self._mailboxes.note(self.hold, opened, run)
                if not noted:
                    await self.stand()  # the store may have lost its data, which this restores
                    noted = not self.lost.is_set() and await self._mailboxes.note(self.hold, opened, run)
                if isinstance(noted, StopRequest):
                    self.stops(noted)
                    return False
                if not noted:
                    self.lost.set()
                    return False
                if self.handed_over:  # meanwhile: its note is put right when it is released
                    self.run_over = chat_id
                    return False
            except asyncio.CancelledError:  # it may be noted, but this process will not ask
                self.run_over = chat_id
                raise
            if self.opened is not known:
                self._changed.set()  # what was shown meanwhile is not noted yet
            self.opened = asked(self.opened)
            self._asked_at = self._now()
            self.goes(Step.ASK)
        return True

    def shows(self, **changes: object) -> None:
        """Slack has accepted a call: note the new state of the answer soon.

        For a question that this version cannot read nothing is overwritten: it is kept as it was found.
        """
        if self.unreadable:
            return
        self.opened = replace(self.opened, **changes)  # type: ignore[arg-type]  # the fields of OpenAnswer
        if self.was_asked:
            self.goes(Step.SHOW)
        self._changed.set()

    def knows(self, journal: str, *, whole: bool) -> None:
        """More of the answer has arrived: note it soon."""
        self.opened = replace(self.opened, journal=journal, whole=whole)
        self._changed.set()

    async def note_now(self) -> None:
        """Write the answer's state to the store before anything else is done. While that cannot be reached, nobody can
        take the answer over: it is noted when it is back."""
        if self.unreadable:
            return
        async with self._noting:
            with suppress(StoreUnavailable):
                if not await self._mailboxes.note(self.hold, self.opened):
                    await self.stand()  # it is lost, or the store has lost its data, which this restores

    async def note_changes(self) -> None:
        """Write each change of the answer's state to the store; never returns."""
        while True:
            await self._changed.wait()
            async with self._noting:
                self._changed.clear()
                try:
                    await self._mailboxes.note(self.hold, self.opened)
                except StoreUnavailable:
                    self._changed.set()
            # A long answer is written less often, so that a thousand characters cost what they cost in a short one.
            await asyncio.sleep(self._durations.note + len(self.opened.journal) / 40_000)

    # The end ----------------------------------------------------------------------------------------------------------

    def then(self, work: Callable[[], Awaitable[None]]) -> None:
        """Have `work` write something to the store before the question is settled. It may run twice."""
        self._then.append(work)

    async def settle(self, again: UnansweredQuestion | None = None) -> None:
        """Settle the question, unless another process took it over meanwhile. Raises StoreUnavailable."""
        if self.is_stale:
            await self.stand()
            if self.lost.is_set():
                return
        while self._then:
            await self._then[0]()
            self._then.pop(0)
        stop = await self._mailboxes.settle(self.hold, again, run_over=self.run_over)
        if stop is not None:
            self.stops(stop)
        if self.stage is not Stage.SETTLED:
            self.goes(Step.SETTLE)

    async def release(self, *, failed: bool = False) -> None:
        """Let another process continue at once, from what is known now. Raises StoreUnavailable.

        `failed`: this process was not stopped, but failed to finish the question.
        """
        # If nothing was done, the note stays as it is: a newer version may have noted more than this one can read. But
        # this process may have been stopped after noting that Flowise is asked, and before asking.
        if self.opened != self._found or self.run_over:
            async with self._noting:
                await self._mailboxes.note(self.hold, self.opened)
        await self._mailboxes.release(self.hold, run_over=self.run_over, failed=failed)

    async def put_aside(self, reason: str) -> str:
        """Put aside a question that no process can finish; returns the name of its key, empty if it is no longer ours.

        Raises StoreUnavailable.
        """
        return await self._mailboxes.put_aside(self.hold, reason)
