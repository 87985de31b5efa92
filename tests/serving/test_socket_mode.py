"""Socket Mode over a network that fails: sockets that die without a word, handshakes that fail, Slack saying no."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from structlog.testing import capture_logs

from bot.errors import SlackUnavailable
from bot.playground.slack import LocalSlack
from bot.playground.tap.proxy import HOST, ConnectionEnd, FaultProxy, Way
from bot.serving.socket_mode import SocketMode, open_connection
from bot.slack.wire import new_session, web_client

PAUSES = (0.0, 0.0, 0.1, 0.2, 0.4, 0.8)


@asynccontextmanager
async def between(slack: LocalSlack) -> AsyncIterator[FaultProxy]:
    """A proxy before the sockets of a local Slack; its methods are called directly."""
    async with FaultProxy(HOST, int(slack.origin.rpartition(":")[2])) as proxy:
        slack.reached_at(f"http://{HOST}:{proxy.port}")
        yield proxy


@asynccontextmanager
async def connecting(
    slack: LocalSlack, *, watch: float = 0.05, wedged: float = 0.3, ping: float = 0.1, pauses: Sequence[float] = PAUSES
) -> AsyncIterator[SocketMode]:
    async with new_session() as session:
        app = AsyncApp(name="peer", client=web_client(slack.bot_token, slack.url, session), signing_secret="unused")
        mode = SocketMode(app, slack.app_token, watch=watch, wedged=wedged, ping=ping, pauses=pauses)
        await mode.start()
        try:
            yield mode
        finally:
            await mode.stop()


async def until(mode: SocketMode, *, connected: bool) -> None:
    async with asyncio.timeout(10):
        while await mode.connected() is not connected:  # noqa: ASYNC110  # slack_sdk has no event for it
            await asyncio.sleep(0.01)


def tickets(slack: LocalSlack) -> int:
    return sum(call.method == "apps.connections.open" for call in slack.calls)


async def test_a_socket_that_dies_without_a_word_is_found_and_replaced() -> None:
    """No close and no reset: no pings come, and no pongs."""
    async with LocalSlack() as slack, between(slack) as proxy, connecting(slack) as mode:
        await until(mode, connected=True)
        proxy.stall()
        await until(mode, connected=False)
        proxy.pass_on()
        await until(mode, connected=True)
        assert proxy.accepted >= 2
        assert tickets(slack) >= 2


async def test_the_last_pong_is_never_of_a_time_to_come() -> None:
    """The machine's clock was set back an hour just when the socket died: it is not taken for alive until then."""
    async with LocalSlack() as slack, between(slack) as proxy, connecting(slack) as mode:
        await until(mode, connected=True)
        proxy.stall()
        mode._client.last_ping_pong_time = time.time() + 3600
        async with asyncio.timeout(5):
            while mode._client.last_ping_pong_time > time.time():  # noqa: ASYNC110  # what the watchdog does
                await asyncio.sleep(0.01)
        proxy.pass_on()


async def test_a_socket_that_hears_us_and_says_nothing_is_found_too() -> None:
    async with LocalSlack() as slack, between(slack) as proxy, connecting(slack) as mode:
        await until(mode, connected=True)
        proxy.stall(Way.TO_CLIENT)
        await until(mode, connected=False)
        proxy.pass_on()
        await until(mode, connected=True)


@pytest.mark.parametrize("how", [ConnectionEnd.CLOSE, ConnectionEnd.RESET])
async def test_a_handshake_that_fails_after_the_ticket_was_fetched_gets_another_ticket(how: ConnectionEnd) -> None:
    async with LocalSlack() as slack, between(slack) as proxy:
        # The ticket is used up on the way: Slack has seen it, and its answer is lost.
        proxy.cut_after(0, Way.TO_CLIENT, how)
        async with connecting(slack) as mode:
            await until(mode, connected=True)
            assert slack.sockets >= 1
            assert tickets(slack) >= 2


async def test_a_handshake_that_is_never_answered_is_given_up() -> None:
    async with LocalSlack() as slack, between(slack) as proxy:
        proxy.stall(Way.TO_CLIENT)
        async with connecting(slack) as mode:
            await slack.until(lambda: proxy.accepted >= 1)
            proxy.cut()  # as a load balancer would after a while
            proxy.pass_on()
            await until(mode, connected=True)


async def test_slack_away_for_long_is_not_asked_in_a_storm_and_comes_back() -> None:
    async with LocalSlack() as slack, between(slack) as proxy, connecting(slack) as mode:
        await until(mode, connected=True)
        before = tickets(slack)
        proxy.refuse()
        proxy.cut(ConnectionEnd.RESET)
        await until(mode, connected=False)
        await asyncio.sleep(0.7)
        assert tickets(slack) - before <= 5  # of the twelve that the watchdog had time for
        await proxy.listen()
        await until(mode, connected=True)


async def test_too_many_sockets_are_no_reason_for_a_storm() -> None:
    async with LocalSlack() as slack, AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        web = web_client(slack.bot_token, slack.url, await stack.enter_async_context(new_session()))
        others = [await session.ws_connect(await open_connection(web, slack.app_token)) for _ in range(10)]
        before = tickets(slack)
        async with connecting(slack, ping=5.0):
            await asyncio.sleep(0.7)
            assert 2 <= tickets(slack) - before <= 5
            await others[0].close()
            await slack.until(lambda: slack.sockets == 10)  # ours is among them
        for other in others:
            await other.close()


async def test_an_app_token_that_is_not_taken_is_told_once_and_tried_with_pauses() -> None:
    async with LocalSlack() as slack, connecting(slack) as mode:
        await until(mode, connected=True)
        before = tickets(slack)
        with capture_logs() as lines:
            slack.revoke("invalid_auth", app_token=True)
            await slack.close_sockets()
            await asyncio.sleep(0.7)
            tried = tickets(slack) - before
            slack.take_tokens()
            await until(mode, connected=True)
        assert 2 <= tried <= 5
        told = [line["event"] for line in lines if "connection stuck" not in line["event"]]
        assert told == ["Socket Mode address not received; tried again", "Socket Mode address received again"]
        assert "SLACK_APP_TOKEN" in lines[0]["reason"]


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.2:80", "https://slack.com.evil.example"])
async def test_an_address_that_is_not_slack_s_is_not_connected_to(origin: str) -> None:
    async with LocalSlack() as slack, new_session() as session:
        slack.reached_at(origin)
        web = web_client(slack.bot_token, slack.url, session)
        with pytest.raises(SlackUnavailable, match="is neither under") as error:
            await open_connection(web, slack.app_token)
        assert "ticket" not in str(error.value)


async def test_a_handshake_is_not_redirected() -> None:
    landed = 0

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal landed
        landed += 1
        writer.close()

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        port = away.sockets[0].getsockname()[1]
        writer.write(f"HTTP/1.1 302 Found\r\nLocation: http://{HOST}:{port}/\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        asked.set()
        writer.close()

    asked = asyncio.Event()
    away = await asyncio.start_server(elsewhere, HOST, 0)
    sends = await asyncio.start_server(redirect, HOST, 0)
    async with away, sends, LocalSlack() as slack:
        slack.reached_at(f"http://{HOST}:{sends.sockets[0].getsockname()[1]}")
        async with connecting(slack):
            async with asyncio.timeout(5):
                await asked.wait()
            await asyncio.sleep(0.05)
    assert landed == 0


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "link_disabled", "too_many_websockets"])
async def test_each_way_in_which_slack_ends_a_socket_is_followed_by_another(reason: str) -> None:
    async with LocalSlack() as slack, connecting(slack, ping=5.0) as mode:
        await until(mode, connected=True)
        before = tickets(slack)
        await slack.refresh_sockets(reason)
        await slack.until(lambda: tickets(slack) > before)
        await slack.until(lambda: slack.sockets == 1)
        await until(mode, connected=True)
        assert tickets(slack) - before <= 3
