"""Tests that the events of a prediction are shown in order, and that it is read on when they are wanted no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from bot.conversation import run_reader
from bot.conversation.run_reader import RunReader
from bot.errors import FlowiseFailed
from bot.flowise.events import End, Event, Token


class Flow:
    """A prediction that sends so many tokens, then waits, and ends or fails."""

    def __init__(self, tokens: int, *, fails: bool = False) -> None:
        self.sent = 0
        self.goes_on = asyncio.Event()
        self.is_closed = False
        self._tokens = tokens
        self._fails = fails

    async def events(self) -> AsyncGenerator[Event, None]:
        try:
            for number in range(self._tokens):
                self.sent = number + 1
                yield Token(f"{number} ")
            await self.goes_on.wait()
            if self._fails:
                raise FlowiseFailed("no model")
            yield End()
        finally:
            self.is_closed = True


async def test_all_of_it_is_shown_in_order_and_its_error_after_it() -> None:
    flow = Flow(200, fails=True)
    flow.goes_on.set()
    reader, shown = RunReader(flow.events()), list[Event]()

    async def show() -> None:
        async for event in reader.shown(until=lambda: False):
            shown.append(event)

    with pytest.raises(FlowiseFailed):
        await show()
    assert shown == [Token(f"{number} ") for number in range(200)]
    assert not reader.is_unwanted
    assert flow.is_closed


async def test_a_fast_flow_waits_for_those_who_are_shown_it() -> None:
    flow = Flow(10_000)
    reader = RunReader(flow.events())
    await asyncio.sleep(0.02)
    assert flow.sent < 100
    await reader.close()
    assert flow.is_closed


@pytest.mark.parametrize("fails", [True, False])
async def test_what_is_not_wanted_is_read_on_to_the_end(fails: bool) -> None:
    flow, stopped, unseen = Flow(300, fails=fails), asyncio.Event(), list[Event]()
    reader, shown = RunReader(flow.events()), list[Event]()
    async for event in reader.shown(until=stopped.is_set):
        shown.append(event)
        if len(shown) == 5:
            stopped.set()
    reading = asyncio.create_task(reader.read_on(unseen.append))
    await asyncio.sleep(0.02)
    assert not reading.done()
    flow.goes_on.set()
    if fails:
        with pytest.raises(FlowiseFailed):
            await reading
    else:
        await reading
    assert [*shown, *unseen][:300] == [Token(f"{number} ") for number in range(300)]
    assert reader.is_unwanted


async def test_while_nothing_comes_it_is_asked_whether_that_is_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_reader, "_SILENT", 0.001)
    flow, asked = Flow(1), 0
    reader, shown = RunReader(flow.events()), list[Event]()

    async def in_silence() -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise FlowiseFailed("in vain")

    async def show() -> None:
        async for event in reader.shown(until=lambda: False, in_silence=in_silence):
            shown.append(event)

    with pytest.raises(FlowiseFailed):
        await show()
    await reader.close()
    assert (shown, asked, flow.is_closed) == ([Token("0 ")], 3, True)


async def test_who_waits_for_the_next_event_is_woken_by_a_stop() -> None:
    flow, stopped = Flow(1), asyncio.Event()
    reader, shown = RunReader(flow.events()), list[Event]()

    async def show() -> None:
        async for event in reader.shown(until=stopped.is_set):
            shown.append(event)

    showing = asyncio.create_task(show())
    await asyncio.sleep(0.02)
    assert not showing.done()
    stopped.set()
    reader.wake()
    async with asyncio.timeout(1):
        await showing
    assert shown == [Token("0 ")]
    await reader.close()
