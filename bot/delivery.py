"""Delivers an answer: passes its events to the reply and makes the reply's calls to Slack. The only loop that waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from bot.flowise.events import Token
from bot.pacing.permits import Gate, Permit
from bot.ports.files import FilesToSend
from bot.ports.slack import Slack
from bot.reply.contract import ArrivedEvent, Ending, FetchingRest, Reply, Stopping
from bot.slack.calls import (
    NOT_FETCHED,
    Accepted,
    Call,
    Limited,
    Lost,
    Posted,
    Refused,
    Result,
    SendFile,
    SetStatus,
    Uploaded,
    method_of,
)

# Characters. A flow that does not stream sends its answer as one token, of megabytes at worst. It is passed on in
# slices, and other answers and sockets are served between them, so that nobody loses a lease or a connection.
_SLICE = 4_000
# The number of small events that are passed on at a time: rendering the answer's Markdown may take a while.
_AT_ONCE = 16


# Seconds. Nobody sees a file that is sent, so its sending needs no lease; it may wait for room in memory.
_SENDING = 240.0


class Owner(Protocol):
    """Holds the answer: says whether it may be written, and is told which calls were made."""

    async def may_write(self) -> bool:
        """Whether a call may be made now; False if another process goes on with the answer."""
        ...

    @property
    def call_seconds(self) -> float:
        """How long a call that is made now may take, in seconds."""
        ...

    async def stopped(self) -> Sequence[ArrivedEvent] | None:
        """Wait until the answer must end early; its last events, or None if another process goes on with it."""
        ...

    async def made(self, call: Call, result: Posted | Accepted | Uploaded) -> None:
        """Slack has accepted a call. The next one is made when this returns."""
        ...

    async def refused(self, call: Call, result: Refused) -> None:
        """Slack has refused a call."""
        ...


async def deliver(
    reply: Reply,
    events: AsyncGenerator[ArrivedEvent, None],
    slack: Slack,
    gate: Gate,
    *,
    now: Callable[[], float],
    owner: Owner,
    made_files: FilesToSend | None = None,
) -> bool:
    """Deliver an answer to Slack. Returns when the last call was made and the events are closed. `made_files` are
    those of its flow; without them it has none.

    One call is under way at a time; events are received meanwhile. False: the answer was left as it is, because another
    process goes on with it, as the `owner` has said.
    """
    feed = _Feed(reply, gate, now)
    pumping = _Pump(feed, slack, owner, made_files)
    feeder = asyncio.create_task(feed.run(events))
    feeder.add_done_callback(lambda _: feed.wake.set())
    stopper = asyncio.create_task(feed.stopped(owner, feeder))
    pump = asyncio.create_task(pumping.run(feeder))
    leaving = asyncio.create_task(feed.left.wait())
    try:
        await asyncio.wait({pump, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if pumping.is_calling:  # so that its result is known, and noted, before another process goes on
            await asyncio.wait({pump}, timeout=owner.call_seconds)
    finally:
        tasks = (pump, leaving, stopper, feeder)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in (pump, feeder, stopper):
        if not task.cancelled():
            task.result()
    return not feed.left.is_set() and not pump.cancelled() and pump.result()


class _Feed:
    """Passes the events of an answer to its reply, until the last one or until the answer is to be stopped.

    `wake` is set after each event, `ended` after the last one, `left` if another process goes on with the answer.
    """

    def __init__(self, reply: Reply, gate: Gate, now: Callable[[], float]) -> None:
        self.wake = asyncio.Event()
        self.ended = asyncio.Event()
        self.left = asyncio.Event()
        self.reply = reply
        self.gate = gate
        self.now = now

    async def run(self, events: AsyncGenerator[ArrivedEvent, None]) -> None:
        taken = 0
        async with aclosing(events):
            async for event in events:
                for piece in _pieces(event):
                    self.reply.receive(piece, self.now())
                    self.wake.set()
                    taken += 1
                    if piece is not event or taken % _AT_ONCE == 0:
                        await asyncio.sleep(0)
                if isinstance(event, FetchingRest | Stopping):
                    self.gate.touch()  # it is to be told at once
                if isinstance(event, Ending):
                    self.ended.set()
                    self.gate.touch()
                    return
        raise RuntimeError("the events ended without a last one")

    async def stopped(self, owner: Owner, feeder: asyncio.Task[None]) -> None:
        last_events = await owner.stopped()
        feeder.cancel()
        if last_events is None:
            self.left.set()
        elif not self.ended.is_set():  # they do not wait for the end of Flowise's answer
            for event in last_events:
                self.reply.receive(event, self.now())
            self.ended.set()
        self.wake.set()
        self.gate.touch()


def _pieces(event: ArrivedEvent) -> Sequence[ArrivedEvent]:
    if not isinstance(event, Token) or len(event.text) <= _SLICE:
        return (event,)
    return [Token(event.text[start : start + _SLICE]) for start in range(0, len(event.text), _SLICE)]


class _Pump:
    """Makes the calls of one reply."""

    def __init__(self, feed: _Feed, slack: Slack, owner: Owner, made_files: FilesToSend | None) -> None:
        self._feed = feed
        self._reply = feed.reply
        self._slack = slack
        self._gate = feed.gate
        self._now = feed.now
        self._owner = owner
        self._made_files = made_files
        self.is_calling = False

    async def run(self, feeder: asyncio.Task[None]) -> bool:
        """Make calls until the reply is done or its events have failed; False if another process goes on with it."""
        reply, wake = self._reply, self._feed.wake
        while not self._feed.left.is_set():
            wake.clear()
            # One moment for both questions: a time that falls due between them would be due for neither.
            moment = self._now()
            offered = reply.next_call(moment)
            if offered is not None:
                if not await self._offer(offered):
                    return False
                continue
            broken = feeder.done() and not feeder.cancelled() and feeder.exception() is not None
            if reply.done or broken:
                return True
            at = reply.wake_at(moment)
            try:
                async with asyncio.timeout(None if at is None else max(0.0, at - self._now())):
                    await wake.wait()
            except TimeoutError:
                continue
        return False

    async def _offer(self, offered: Call) -> bool:
        """Make a call, or what is worth showing by then, when it is permitted; False if another process goes on."""
        reply = self._reply
        permit = await self._granted(offered)
        if permit is None:
            return True
        if permit.denied <= 0 and not await self._owner.may_write():
            return False
        # What is worth showing now: more has come while we waited, or the answer has ended. Only a status is sent as it
        # was offered, for the text that has come may have to wait; but not after the end: nothing would remove it.
        fresh = reply.next_call(self._now())
        same = fresh is not None and method_of(fresh) == permit.method
        has_ended = reply.done or self._feed.ended.is_set()
        call = fresh if same else offered if isinstance(offered, SetStatus) and not has_ended else None
        if call is None:
            return True
        result = Limited(permit.denied) if permit.denied > 0 else await self._made(call)
        if isinstance(result, Limited) and permit.denied <= 0:
            await self._gate.refused(permit, result.retry_after)
        reply.answered(call, result, self._now())
        if isinstance(result, Posted | Accepted | Uploaded):
            await self._owner.made(call, result)
        elif isinstance(result, Refused):
            await self._owner.refused(call, result)
        return True

    async def _granted(self, offered: Call) -> Permit | None:
        """A permit for the method of the offered call; None if the answer has ended and needs another call by now.

        The last calls do not wait behind progress.
        """
        asking = asyncio.ensure_future(self._gate.granted(lambda: self._reply.want(self._now())))
        ending = asyncio.ensure_future(self._feed.ended.wait())
        try:
            await asyncio.wait({asking, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                last = self._reply.next_call(self._now())
                if last is None or method_of(last) != method_of(offered):
                    return None
            return await asking
        finally:
            asking.cancel()
            ending.cancel()

    async def _made(self, call: Call) -> Result:
        self.is_calling = True
        try:
            async with asyncio.timeout(_SENDING if isinstance(call, SendFile) else self._owner.call_seconds):
                return await (self._sent(call) if isinstance(call, SendFile) else self._slack.call(call))
        except TimeoutError:
            return Lost("no answer in time")
        finally:
            self.is_calling = False

    async def _sent(self, call: SendFile) -> Result:
        """Send a file; one that the flow has made is fetched first."""
        if call.content is not None:
            return await self._slack.call(call)
        if self._made_files is None:
            return Refused(NOT_FETCHED)
        async with self._made_files.fetched(call.key) as file:
            if file is None:
                return Refused(NOT_FETCHED)
            return await self._slack.call(replace(call, name=file.name, content=file.content))
