"""Knows the pump: events in, Slack calls out, one timer. The only loop that waits for a reply."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing

from bot.errors import Interrupted
from bot.flowise.events import Token
from bot.ports import Slack
from bot.reply.contract import Failed, Finished, Reply, ReplyEvent
from bot.slack.calls import Posted, PostMessage

# A flow that does not stream gives its answer as one token, of megabytes at worst. Taken in slices, with the other
# answers and the sockets served between them, it costs nobody their lease or their connection.
_SLICE = 4_000


async def unheard(ts: str) -> None:
    """For sentences of ours: nobody wants to know where they stand."""


async def deliver(
    reply: Reply,
    events: AsyncGenerator[ReplyEvent, None],
    slack: Slack,
    *,
    now: Callable[[], float],
    stopping: asyncio.Event,
    reference: str,
    posted: Callable[[str], Awaitable[None]] = unheard,
) -> None:
    """Bring an answer to Slack: returns when the last call is made and the events are closed.

    One call is under way at a time; events are received meanwhile. `posted` is told the `ts` of every message that
    comes to stand. When `stopping` is set, the reply gets its last word and the events are closed.
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
                    return
        raise RuntimeError("the events ended without a last word")

    async def stop() -> None:
        await stopping.wait()
        feeder.cancel()
        if not has_ended:  # the last word does not wait for what Flowise has to say to the end
            reply.receive(Failed(Interrupted("the bot was stopped"), reference), now())
            wake.set()

    feeder = asyncio.create_task(feed())
    stopper = asyncio.create_task(stop())
    feeder.add_done_callback(lambda _: wake.set())
    try:
        await _pump(reply, slack, wake, feeder, now, posted)
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
    wake: asyncio.Event,
    feeder: asyncio.Task[None],
    now: Callable[[], float],
    posted: Callable[[str], Awaitable[None]],
) -> None:
    while True:
        wake.clear()
        # One moment for both questions: a time that falls due between them would be due for neither.
        moment = now()
        call = reply.next_call(moment)
        if call is not None:
            result = await slack.call(call)
            reply.answered(call, result, now())
            if isinstance(call, PostMessage) and isinstance(result, Posted):
                await posted(result.ts)
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
