"""The pages that are open: everything first, then each change in order, and a page that falls behind is cut off."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, WSCloseCode, WSMsgType, web

from bot.playground.page import live
from bot.playground.page.live import Live


class Told:
    """A server of one `Live`, whose hello counts how often it was asked."""

    def __init__(self) -> None:
        self.hellos = 0
        self.live = Live(self._hello)
        self.url = ""

    def _hello(self) -> dict[str, object]:
        self.hellos += 1
        return {"kind": "hello", "number": self.hellos}


@pytest.fixture
async def told() -> AsyncIterator[Told]:
    served = Told()
    app = web.Application()
    app.router.add_get("/live", served.live.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}/live"
    yield served
    await served.live.close()
    await runner.cleanup()


async def test_a_page_hears_everything_once_and_in_order(told: Told) -> None:
    told.live.tell({"kind": "before"})  # nobody is there
    async with ClientSession() as session, session.ws_connect(told.url) as one, session.ws_connect(told.url) as other:
        assert [await one.receive_json(), await other.receive_json()] == [
            {"kind": "hello", "number": 1},
            {"kind": "hello", "number": 2},
        ]
        for number in range(50):
            told.live.tell({"n": number, "text": "„ö”"})
        for page in (one, other):
            assert [(await page.receive_json())["n"] for _ in range(50)] == list(range(50))


async def test_a_page_that_falls_behind_is_sent_away_and_comes_back_to_the_whole(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_MOST_WAITING", 3)
    async with ClientSession() as session, session.ws_connect(told.url) as page:
        await page.receive_json()
        for number in range(10):  # in one step: nothing can be written meanwhile
            told.live.tell({"n": number})
        heard = [await page.receive() for _ in range(4)]
        assert [message.type for message in heard] == [*[WSMsgType.TEXT] * 2, *[WSMsgType.CLOSE], *[WSMsgType.CLOSED]]
        assert heard[2].data == WSCloseCode.TRY_AGAIN_LATER
        async with session.ws_connect(told.url) as again:
            assert await again.receive_json() == {"kind": "hello", "number": 2}


async def test_a_page_that_has_gone_is_not_told(told: Told) -> None:
    async with ClientSession() as session:
        async with session.ws_connect(told.url) as page:
            await page.receive_json()
        async with session.ws_connect(told.url) as page:
            await page.receive_json()
            told.live.tell({"n": 1})
            assert await page.receive_json() == {"n": 1}


async def test_half_a_character_does_not_end_it(told: Told) -> None:
    async with ClientSession() as session, session.ws_connect(told.url) as page:
        await page.receive_json()
        told.live.tell({"text": "cut \ud83d"})
        told.live.tell({"n": 1})
        assert await page.receive_json(timeout=5) == {"text": "cut \ud83d"}
        assert await page.receive_json(timeout=5) == {"n": 1}


async def test_a_page_that_stands_still_holds_up_no_end(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_CLOSE_SECONDS", 0.05)
    async with ClientSession() as session, session.ws_connect(told.url) as page:
        await page.receive_json()
        assert page._response.connection is not None
        transport = page._response.connection.transport
        assert transport is not None
        transport.pause_reading()
        for _ in range(200):  # more than the buffers between the two take
            told.live.tell({"text": secrets.token_hex(50_000)})
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await told.live.close()
        transport.abort()
