"""Knows the pump: events in, Slack calls out, one timer. The only loop that waits for a reply."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from bot.errors import Interrupted
from bot.flowise.events import Token
from bot.ports import Slack
from bot.reply.contract import Failed, Finished, Reply, ReplyEvent
from bot.reply.policy import Want
from bot.slack.calls import Call, Limited, Posted, SetStatus, method_of

# A flow that does not stream gives its answer as one token, of megabytes at worst. Taken in slices, with the other
# answers and the sockets served between them, it costs nobody their lease or their connection.
_SLICE = 4_000


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave to make one call of a method in a channel; `name` is its own in the budget.

    With `denied` above 0 it is none: the want that does not wait cannot be granted now, and might be after so many
    seconds. Nothing was drawn from the budget.
    """

    method: str
    channel: str
    name: str
    denied: float = 0.0


class Gate(Protocol):
    """Who may call Slack when."""

    async def granted(self, want: Callable[[], Want]) -> Leave:
        """Wait until the call may be made that is wanted, as `want` tells at every moment."""
        ...

    async def refused(self, leave: Leave, retry_after: float) -> None:
        """Slack answered that call with 429."""
        ...

    def touch(self) -> None:
        """Something is wanted more than before."""
        ...


async def unheard(call: Call, ts: str) -> None:
    """For sentences of ours: nobody wants to know where they stand."""


async def deliver(
    reply: Reply,
    events: AsyncGenerator[ReplyEvent, None],
    slack: Slack,
    gate: Gate,
    *,
    now: Callable[[], float],
    stopping: asyncio.Event,
    reference: str,
    posted: Callable[[Call, str], Awaitable[None]] = unheard,
) -> None:
    """Bring an answer to Slack: returns when the last call is made and the events are closed.

    One call is under way at a time; events are received meanwhile. `posted` is told every message that comes to
    stand: the call that made it, and its `ts`. When `stopping` is set, the reply gets its last word and the events are
    closed.
    """
    wake = asyncio.Event()
    has_ended = False

    async def feed() -> None:
        nonlocal has_ended
        async with aclosing(events):
            async for event in events:
                for piece in _pieces(event):
                    reply.receive(piece, now())
                    wake.set()
                    if piece is not event:
                        await asyncio.sleep(0)
                if isinstance(event, Finished | Failed):
                    has_ended = True
                    gate.touch()
                    return
        raise RuntimeError("the events ended without a last word")

    async def stop() -> None:
        await stopping.wait()
        feeder.cancel()
        if not has_ended:  # the last word does not wait for what Flowise has to say to the end
            reply.receive(Failed(Interrupted("the bot was stopped"), reference), now())
            wake.set()
            gate.touch()

    feeder = asyncio.create_task(feed())
    stopper = asyncio.create_task(stop())
    feeder.add_done_callback(lambda _: wake.set())
    try:
        await _pump(reply, slack, gate, wake, feeder, now, posted)
    finally:
        stopper.cancel()
        feeder.cancel()
        await asyncio.wait([feeder, stopper])
    if not feeder.cancelled():
        feeder.result()


def _pieces(event: ReplyEvent) -> Iterator[ReplyEvent]:
    if not isinstance(event, Token) or len(event.text) <= _SLICE:
        yield event
        return
    for start in range(0, len(event.text), _SLICE):
        yield Token(event.text[start : start + _SLICE])


async def _pump(
    reply: Reply,
    slack: Slack,
    gate: Gate,
    wake: asyncio.Event,
    feeder: asyncio.Task[None],
    now: Callable[[], float],
    posted: Callable[[Call, str], Awaitable[None]],
) -> None:
    while True:
        wake.clear()
        # One moment for both questions: a time that falls due between them would be due for neither.
        moment = now()
        offered = reply.next_call(moment)
        if offered is not None:
            leave = await gate.granted(lambda: reply.want(now()))
            # What is worth showing now: more has come while we waited, or the answer has ended. Only a sign of life is
            # given as it was meant, for the words that have come may have to wait.
            fresh = reply.next_call(now())
            same = fresh is not None and method_of(fresh) == leave.method
            call = fresh if same else offered if isinstance(offered, SetStatus) else None
            if call is not None:
                result = Limited(leave.denied) if leave.denied > 0 else await slack.call(call)
                if isinstance(result, Limited) and leave.denied <= 0:
                    await gate.refused(leave, result.retry_after)
                reply.answered(call, result, now())
                if isinstance(result, Posted):
                    await posted(call, result.ts)
            continue
        broken = feeder.done() and not feeder.cancelled() and feeder.exception() is not None
        if reply.done or broken:
            return
        at = reply.wake_at(moment)
        try:
            async with asyncio.timeout(None if at is None else max(0.0, at - now())):
                await wake.wait()
        except TimeoutError:
            continue
