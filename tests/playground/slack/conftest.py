"""Starts a local Slack with real peers: slack_sdk's client, and Bolt by HTTP and by socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import DeliveryTimeouts, LocalSlack


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Peer:
    """A Bolt app that keeps every event it receives. `taken` False makes it leave an event unacknowledged."""

    def __init__(self, slack: LocalSlack, session: aiohttp.ClientSession) -> None:
        self.client = AsyncWebClient(token=slack.bot_token, base_url=slack.url, session=session, retry_handlers=[])
        self.app = AsyncApp(name="peer", client=self.client, signing_secret=slack.signing_secret)
        self.bodies: list[dict[str, object]] = []
        self.retries: list[list[str]] = []

        async def keep(body: dict[str, object], request: object) -> None:
            headers: dict[str, list[str]] = getattr(request, "headers", {})
            self.bodies.append(body)
            self.retries.append([*headers.get("x-slack-retry-num", []), *headers.get("x-slack-retry-reason", [])])

        self.app.event("app_mention")(keep)
        self.app.event("message")(keep)

    @property
    def events(self) -> list[dict[str, object]]:
        return [event for body in self.bodies if isinstance(event := body["event"], dict)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def slack(clock: Clock) -> AsyncIterator[LocalSlack]:
    async with LocalSlack(clock=clock, patience=DeliveryTimeouts(ack=1.0, retries=(0.0, 0.0))) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def client(slack: LocalSlack, session: aiohttp.ClientSession) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.url, session=session, retry_handlers=[])


@pytest.fixture
async def http_peer(slack: LocalSlack, session: aiohttp.ClientSession) -> AsyncIterator[Peer]:
    peer = Peer(slack, session)
    runner = web.AppRunner(peer.app.web_app("/slack/events"), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.events_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    yield peer
    slack.events_url = None
    await runner.cleanup()


Connect = Callable[[], Awaitable[Peer]]


@pytest.fixture
async def socket_peer(slack: LocalSlack, session: aiohttp.ClientSession) -> AsyncIterator[Connect]:
    """Connects one more Bolt app over Socket Mode."""
    async with AsyncExitStack() as stack:

        async def connect() -> Peer:
            peer, before = Peer(slack, session), slack.sockets
            handler = AsyncSocketModeHandler(peer.app, slack.app_token, ping_interval=0.2)
            await handler.connect_async()  # type: ignore[no-untyped-call]
            stack.push_async_callback(handler.close_async)
            await slack.until(lambda: slack.sockets > before)
            return peer

        yield connect
