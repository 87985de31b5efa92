"""The pump: events in, calls out one at a time, a last word when it is stopped, and nothing left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

import pytest

from bot.delivery import deliver
from bot.errors import Interrupted
from bot.flowise.events import Token
from bot.pacing.permits import Kind, Permit, Want
from bot.records.thread import Thread
from bot.reply.contract import ArrivedEvent, Failed, Finished
from bot.slack.calls import Accepted, Call, Limited, Lost, Posted, Refused, Result, SetStatus, Uploaded
from bot.slack.messages import EarlierMessage, Marked

LAST_WORD = Failed(Interrupted("stopped"), "a1b2c3")


class Teller:
    """A reply that tells how many events it has heard, again after each of them, until its last word is told."""

    def __init__(self) -> None:
        self.heard: list[ArrivedEvent] = []
        self.told = 0
        self.held_until = 0.0

    def receive(self, event: ArrivedEvent, now: float) -> None:
        self.heard.append(event)

    def next_call(self, now: float) -> Call | None:
        if now < self.held_until or self.told == len(self.heard):
            return None
        return SetStatus(channel="C1", thread_ts="1.0", status=str(len(self.heard)))

    def want(self, now: float) -> Want:
        kind = Kind.ENDING if isinstance(self.heard[-1], Finished | Failed) else Kind.PROGRESS
        return Want("assistant.threads.setStatus", "C1", kind, since=now, unseen=1, last_write=now)

    def answered(self, call: Call, result: Result, now: float) -> None:
        if isinstance(result, Limited):
            self.held_until = now + result.retry_after
        elif isinstance(call, SetStatus):
            self.told = int(call.status)

    def wake_at(self, now: float) -> float | None:
        return self.held_until if self.held_until > now else None

    @property
    def done(self) -> bool:
        return bool(self.heard) and isinstance(self.heard[-1], Finished | Failed) and self.told == len(self.heard)

    @property
    def given_up(self) -> str:
        return ""


class Gate:
    """Gives leave at once while `open` is set, after so many that are denied; remembers what was refused."""

    def __init__(self, *denied: float) -> None:
        self.denied = list(denied)
        self.open = asyncio.Event()
        self.open.set()
        self.asked: list[Want] = []
        self.refusals: list[tuple[Permit, float]] = []
        self.touched = 0

    async def granted(self, want: Callable[[], Want]) -> Permit:
        self.asked.append(want())
        await self.open.wait()
        denied = self.denied.pop(0) if self.denied else 0.0
        return Permit(want().method, want().channel, str(len(self.asked)), denied)

    async def refused(self, leave: Permit, retry_after: float) -> None:
        self.refusals.append((leave, retry_after))

    def touch(self) -> None:
        self.touched += 1


class Slack:
    """Takes calls while `open` is set; `results` come first."""

    def __init__(self, *results: Result) -> None:
        self.calls: list[str] = []
        self.times: list[float] = []
        self.open = asyncio.Event()
        self.open.set()
        self._results = list(results)
        self._under_way = 0
        self.most_under_way = 0

    async def call(self, call: Call) -> Result:
        assert isinstance(call, SetStatus)
        self.calls.append(call.status)
        self.times.append(asyncio.get_running_loop().time())
        self._under_way += 1
        self.most_under_way = max(self.most_under_way, self._under_way)
        await self.open.wait()
        await asyncio.sleep(0)
        self._under_way -= 1
        return self._results.pop(0) if self._results else Accepted()

    async def replies(
        self, thread: Thread, *, before: str, limit: int, after: str = "", asker: str = ""
    ) -> tuple[EarlierMessage, ...]:
        return ()

    async def marked(self, thread: Thread, reference: str, *, since: str) -> tuple[Marked, ...]:
        return ()

    async def name(self, user: str) -> str:
        return user

    async def person(self, user: str) -> None:
        return None

    async def channel_name(self, channel: str) -> str:
        return ""


class Source:
    """Events as they are put in; None ends them without a word. Tells whether it was closed."""

    def __init__(self, *events: ArrivedEvent) -> None:
        self.queue: asyncio.Queue[ArrivedEvent | Exception | None] = asyncio.Queue()
        self.closed = False
        for event in events:
            self.queue.put_nowait(event)

    async def events(self) -> AsyncGenerator[ArrivedEvent, None]:
        try:
            while (event := await self.queue.get()) is not None:
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            await asyncio.sleep(0)  # closing takes a moment, as that of a connection does
            self.closed = True


class AnswerOwner:
    """Lets everything be written until told otherwise; gives the last events it was made with, when `stop` is set."""

    def __init__(self, last_events: Sequence[ArrivedEvent] | None = (LAST_WORD,)) -> None:
        self.stop = asyncio.Event()
        self.ours = True
        self.call_seconds = 8.0
        self.calls: list[Call] = []
        self.refusals: list[str] = []
        self._last_events = last_events

    async def may_write(self) -> bool:
        return self.ours

    async def stopped(self) -> Sequence[ArrivedEvent] | None:
        await self.stop.wait()
        return self._last_events

    async def made(self, call: Call, result: Posted | Accepted | Uploaded) -> None:
        self.calls.append(call)

    async def refused(self, call: Call, result: Refused) -> None:
        self.refusals.append(result.error)


async def delivered(
    teller: Teller, source: Source, slack: Slack, owner: AnswerOwner | None = None, gate: Gate | None = None
) -> bool:
    """Deliver, and see that no task is left."""
    before = asyncio.all_tasks()
    try:
        return await deliver(
            teller,
            source.events(),
            slack,
            gate or Gate(),
            now=asyncio.get_running_loop().time,
            owner=owner or AnswerOwner(),
        )
    finally:
        assert asyncio.all_tasks() == before
        assert source.closed


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  # what is waited for is a list that grows
            await asyncio.sleep(0)


async def test_events_are_received_while_a_call_is_under_way_and_one_call_is_under_way_at_a_time() -> None:
    teller, slack, source = Teller(), Slack(), Source(Token("a"))
    slack.open.clear()
    task = asyncio.create_task(delivered(teller, source, slack))
    await until(lambda: slack.calls == ["1"])
    for event in (Token("b"), Token("c"), Finished()):
        source.queue.put_nowait(event)
    await until(lambda: len(teller.heard) == 4)
    assert slack.calls == ["1"]
    slack.open.set()
    await task
    assert slack.calls == ["1", "4"]
    assert slack.most_under_way == 1


async def test_a_call_that_must_wait_is_made_when_its_time_has_come_without_a_new_event() -> None:
    teller, slack = Teller(), Slack(Limited(0.05))
    await delivered(teller, Source(Finished()), slack)
    assert slack.calls == ["1", "1"]
    assert slack.times[1] - slack.times[0] >= 0.05


async def test_after_the_last_word_no_more_events_are_heard() -> None:
    teller = Teller()
    await delivered(teller, Source(Finished(), Token("late")), Slack())
    assert teller.heard == [Finished()]


async def test_stopping_gives_a_last_word() -> None:
    teller, slack, source = Teller(), Slack(), Source(Token("a"))
    owner = AnswerOwner((Token("what was held back"), LAST_WORD))
    task = asyncio.create_task(delivered(teller, source, slack, owner))
    await until(lambda: slack.calls == ["1"])
    owner.stop.set()
    await task
    assert teller.heard == [Token("a"), Token("what was held back"), LAST_WORD]
    assert slack.calls == ["1", "3"]


async def test_stopping_in_the_middle_of_a_call_lets_it_end() -> None:
    teller, slack, source, owner = Teller(), Slack(), Source(Token("a")), AnswerOwner()
    slack.open.clear()
    task = asyncio.create_task(delivered(teller, source, slack, owner))
    await until(lambda: slack.calls == ["1"])
    owner.stop.set()
    await until(lambda: len(teller.heard) == 2)
    slack.open.set()
    await task
    assert slack.calls == ["1", "2"]
    assert slack.most_under_way == 1


async def test_stopping_after_the_last_word_adds_none() -> None:
    teller, slack, source, owner = Teller(), Slack(), Source(Token("a"), Finished()), AnswerOwner()
    slack.open.clear()
    task = asyncio.create_task(delivered(teller, source, slack, owner))
    await until(lambda: len(teller.heard) == 2)
    owner.stop.set()
    await until(lambda: source.closed)
    slack.open.set()
    await task
    assert teller.heard == [Token("a"), Finished()]


async def test_one_that_begins_when_all_is_stopping_has_its_last_word_too() -> None:
    teller, slack, source, owner = Teller(), Slack(), Source(), AnswerOwner()
    owner.stop.set()
    task = asyncio.create_task(deliver(teller, source.events(), slack, Gate(), now=lambda: 0.0, owner=owner))
    async with asyncio.timeout(5):
        await task
    assert [type(event) for event in teller.heard] == [Failed]
    assert slack.calls == ["1"]


async def test_a_source_that_ends_without_a_last_word_is_a_mistake() -> None:
    source = Source(Token("a"))
    source.queue.put_nowait(None)
    with pytest.raises(RuntimeError, match="without a last one"):
        await delivered(Teller(), source, Slack())


async def test_a_source_that_breaks_breaks_the_delivery() -> None:
    source = Source(Token("a"))
    source.queue.put_nowait(KeyError("ours"))
    with pytest.raises(KeyError, match="ours"):
        await delivered(Teller(), source, Slack())


async def test_a_delivery_that_is_cancelled_closes_its_events() -> None:
    teller, slack, source = Teller(), Slack(), Source(Token("a"))
    slack.open.clear()
    task = asyncio.create_task(delivered(teller, source, slack))
    await until(lambda: slack.calls == ["1"])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert source.closed


async def test_what_is_called_is_what_is_worth_showing_when_leave_is_given() -> None:
    teller, slack, source, gate = Teller(), Slack(), Source(Token("a")), Gate()
    gate.open.clear()
    task = asyncio.create_task(delivered(teller, source, slack, gate=gate))
    await until(lambda: bool(gate.asked))
    source.queue.put_nowait(Token("b"))
    source.queue.put_nowait(Finished())
    await until(lambda: len(teller.heard) == 3)
    assert gate.touched == 1  # an ending is worth more than what was waited for
    gate.open.set()
    await task
    assert slack.calls == ["3"]


async def test_a_refusal_is_told_to_the_gate() -> None:
    teller, slack, source, gate = Teller(), Slack(Limited(0.01)), Source(Token("a"), Finished()), Gate()
    await delivered(teller, source, slack, gate=gate)
    [(leave, retry_after)] = gate.refusals
    assert (leave.method, leave.channel, retry_after) == ("assistant.threads.setStatus", "C1", 0.01)


async def test_leave_that_is_denied_is_a_limit_that_slack_never_hears_of() -> None:
    teller, slack, source, gate = Teller(), Slack(), Source(Token("a"), Finished()), Gate(0.05)
    start = asyncio.get_running_loop().time()
    await delivered(teller, source, slack, gate=gate)
    assert slack.calls == ["2"]
    assert slack.times[0] - start >= 0.05
    assert gate.refusals == []


async def test_somebody_else_goes_on_with_the_answer_and_nothing_more_is_called() -> None:
    teller, slack, source, owner = Teller(), Slack(), Source(Token("a")), AnswerOwner(last_events=None)
    task = asyncio.create_task(delivered(teller, source, slack, owner))
    await until(lambda: slack.calls == ["1"])
    owner.stop.set()
    assert not await task
    assert teller.heard == [Token("a")]
    assert slack.calls == ["1"]


async def test_the_call_under_way_is_waited_for_before_somebody_else_goes_on() -> None:
    teller, slack, source, owner = Teller(), Slack(), Source(Token("a")), AnswerOwner(last_events=None)
    slack.open.clear()
    task = asyncio.create_task(delivered(teller, source, slack, owner))
    await until(lambda: slack.calls == ["1"])
    owner.stop.set()
    await until(lambda: source.closed)
    assert not task.done()
    slack.open.set()
    assert not await task
    assert [type(call) for call in owner.calls] == [SetStatus]  # so that what stands is noted


async def test_an_answer_that_is_not_ours_any_more_is_not_written() -> None:
    teller, slack, source, owner = Teller(), Slack(), Source(Token("a"), Finished()), AnswerOwner()
    owner.ours = False
    assert not await delivered(teller, source, slack, owner)
    assert slack.calls == []


async def test_a_status_that_was_permitted_is_not_set_after_the_end() -> None:
    class Silent(Teller):
        def next_call(self, now: float) -> Call | None:
            return None if self.done else super().next_call(now)

        @property
        def done(self) -> bool:
            return bool(self.heard) and isinstance(self.heard[-1], Finished)

    class Slow(AnswerOwner):
        async def may_write(self) -> bool:
            source.queue.put_nowait(Finished())
            await until(lambda: silent.done)
            return True

    silent, slack, source = Silent(), Slack(), Source(Token("a"))
    assert await delivered(silent, source, slack, Slow())
    assert slack.calls == []


async def test_a_call_that_takes_longer_than_it_may_is_lost() -> None:
    class Patient(Teller):
        def answered(self, call: Call, result: Result, now: float) -> None:
            results.append(result)
            slack.open.set()

    results: list[Result] = []
    slack, owner = Slack(), AnswerOwner()
    owner.call_seconds = 0.02
    slack.open.clear()
    task = asyncio.create_task(delivered(Patient(), Source(Token("a")), slack, owner))
    await until(lambda: bool(results))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert results[0] == Lost("no answer in time")
