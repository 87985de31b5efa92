"""Has people wait who ask more than they may, so that nobody who asks much is in another person's way.

A question of somebody as many of whose answers are under way as may be waits for one of them to end. One that is over
the limit of its asker or its channel waits for two minutes at most. Meanwhile all others of its thread may go first.
The counts are in Redis, over all replicas; of a person's questions in one process only the first one asks again.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Protocol

import structlog

from bot.background.supervision import Supervisor
from bot.background.tasks import Share
from bot.config.effective import EffectiveFairness
from bot.config.values import Rate
from bot.conversation.question import Question
from bot.errors import StoreUnavailable
from bot.mailbox.durations import Durations
from bot.mailbox.lease import Lease
from bot.mailbox.retry import retried
from bot.ports.fair_use import FairUseCounts, Frequency, Granted, Limits, TooManyAtOnce, TooOften
from bot.reply.contract import OverLimit, Queued, Sentence
from bot.slack import wording_of_limits

log = structlog.get_logger(__name__)

# How long a question waits that is over a limit, in seconds.
PATIENCE = 120.0
# For how long others may go first once that is noted, and how soon it is noted again while it lasts, in seconds.
_PASSED, _PASSED_AGAIN = 30.0, 10.0
# How soon it is looked again whether a limit was changed, in seconds.
_LIMITS_READ = 5.0


def limits_of(fairness: EffectiveFairness) -> Limits:
    """The limits that hold."""
    return Limits(
        _frequency(fairness.questions_per_person),
        _frequency(fairness.questions_per_channel),
        fairness.at_once_per_person,
    )


def _reached(limit: TooOften) -> str:
    sentence = wording_of_limits.channel_limit if limit.in_channel else wording_of_limits.person_limit
    return sentence(limit.at)


def _frequency(rate: Rate | None) -> Frequency | None:
    return Frequency(rate.count, rate.seconds) if rate is not None else None


class WriteBudget(Protocol):
    """What those who write share: a question that waits here takes nothing of it from the others."""

    def rests(self, reference: str) -> None:
        """Do not count an answer for now."""
        ...

    def goes_on(self, reference: str) -> None:
        """Count an answer that rested."""
        ...


class FairUse:
    """What people of the workspace `team` ask, as far as this process answers it. `now` is monotonic, in seconds."""

    def __init__(
        self,
        counts: FairUseCounts,
        team: str,
        limits: Callable[[], Limits],
        budget: WriteBudget,
        *,
        tasks: Share,
        supervisor: Supervisor,
        durations: Durations,
        now: Callable[[], float],
    ) -> None:
        self._counts = counts
        self._team = team
        self._limits = limits
        self._budget = budget
        self._tasks = tasks
        self._supervisor = supervisor
        self._durations = durations
        self._now = now
        self._under_way: dict[str, str] = {}
        """The askers of the answers that are counted as under way, by the references of these."""
        self._waiting: dict[str, dict[str, None]] = {}
        """The references of each person's questions that wait for others of theirs, in their order."""
        self._resting: set[str] = set()
        """The questions that do not count among those that write."""
        self._moved = asyncio.Event()
        self._renewing: asyncio.Task[None] | None = None

    def takes_turns(self, question: Question) -> str:
        """Whose turn a question is, where people take turns; empty where questions go in the order in which they
        came."""
        return "" if self._limits().are_none else f"{self._team}:{question.place.user}"

    async def share(self, question: Question, lease: Lease) -> AsyncGenerator[Queued | OverLimit | Sentence, None]:
        """Wait until a question may be asked, and yield what is shown meanwhile; last a `Sentence` where it may not.

        Where it may, it is counted as under way until `left`. A decision is no question.
        """
        until, is_granted = math.inf, False
        try:
            while lease.ours and question.decided is None:
                limits = self._limits()
                if limits.are_none and not lease.lets_pass:
                    return
                match Granted() if limits.are_none else await self._entered(question, limits):
                    case Granted():
                        if is_granted := await self._has_turn(question, lease):
                            return
                    case TooOften() as often:
                        self._waits_no_more(question)
                        until = min(until, self._now() + PATIENCE)
                        if self._now() + often.wait > until:
                            log.info("question over limit", ref=question.reference, in_channel=often.in_channel)
                            yield Sentence(_reached(often))
                            return
                        yield OverLimit()
                        await self._let_pass(question, lease)
                        await asyncio.sleep(min(often.wait, _LIMITS_READ))
                    case TooManyAtOnce():
                        if self._is_first(question):
                            yield Queued(own=True)
                        await self._let_pass(question, lease)
                        await self._own_has_moved(question)
        finally:
            self._has_waited(question)
            if not is_granted:
                self.left(question.reference)

    def _has_waited(self, question: Question) -> None:
        self._waits_no_more(question)
        if question.reference in self._resting:
            self._resting.discard(question.reference)
            self._budget.goes_on(question.reference)

    def left(self, reference: str) -> None:
        """The answer to a question is no longer under way."""
        user = self._under_way.pop(reference, None)
        if user is None:
            return
        if not self._under_way and self._renewing is not None:
            self._renewing.cancel()
            self._renewing = None
        self._tasks.start(self._leave(user, reference), name="leaving", later=True)

    async def _leave(self, user: str, reference: str) -> None:
        try:
            with suppress(StoreUnavailable):  # then it ends with its lease
                await self._counts.leave(self._team, user, reference)
        finally:
            self._has_moved()

    # Counting ---------------------------------------------------------------------------------------------------------

    async def _entered(self, question: Question, limits: Limits) -> Granted | TooManyAtOnce | TooOften:
        if not self._is_first(question):
            return TooManyAtOnce()
        user, channel, reference = question.place.user, question.thread.channel, question.reference
        duration = self._durations.lease

        async def enter() -> Granted | TooManyAtOnce | TooOften:
            return await self._counts.enter(self._team, user, channel, reference, limits, duration)

        found = await retried(enter, asyncio.sleep, ref=reference)
        if isinstance(found, TooManyAtOnce):
            self._waiting.setdefault(user, {})[reference] = None
        elif isinstance(found, Granted) and limits.at_once is not None:
            self._under_way[reference] = user
            if self._renewing is None:
                longest = self._durations.renewal
                self._renewing = self._supervisor.start("renewing counts", self._renew, longest=longest)
        return found

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._durations.renewal)
            under_way = [(user, reference) for reference, user in self._under_way.items()]
            with suppress(StoreUnavailable):
                await self._counts.renew(self._team, under_way, self._durations.lease)

    # Waiting ----------------------------------------------------------------------------------------------------------

    async def _has_turn(self, question: Question, lease: Lease) -> bool:
        """Whether no other question of its thread has the turn; where one has, its end is waited for."""
        self._waits_no_more(question)
        if not lease.lets_pass:
            return True
        await retried(lease.pass_no_more, asyncio.sleep, ref=question.reference)
        if not lease.before:
            return True
        self.left(question.reference)
        while await lease.moved():
            pass
        return False

    async def _let_pass(self, question: Question, lease: Lease) -> None:
        self._resting.add(question.reference)
        self._budget.rests(question.reference)
        await retried(lambda: lease.let_pass(_PASSED), asyncio.sleep, ref=question.reference)

    def _is_first(self, question: Question) -> bool:
        """Whether no other question of its asker comes first, of those that wait here."""
        waiting = self._waiting.get(question.place.user)
        return not waiting or next(iter(waiting)) == question.reference

    async def _own_has_moved(self, question: Question) -> None:
        """Wait until another question of the same asker has ended here or, for the first one, perhaps elsewhere."""
        waiting = self._waiting.setdefault(question.place.user, {})
        waiting.setdefault(question.reference)
        moved = self._moved
        seconds = self._durations.poll if self._is_first(question) else _PASSED_AGAIN
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await moved.wait()

    def _waits_no_more(self, question: Question) -> None:
        waiting = self._waiting.get(question.place.user, {})
        if question.reference in waiting:
            del waiting[question.reference]
            self._has_moved()
        if not waiting:
            self._waiting.pop(question.place.user, None)

    def _has_moved(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
