"""How the bot is reached: Slack's requests by HTTP, Socket Mode with its losses, and the health checks of both."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp

from bot.app import Bot
from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox
from bot.playground.slack import LocalSlack
from bot.serving.socket_mode import SocketMode, open_connection
from bot.slack.wire import new_session, web_client
from bot.store.connections import connect
from bot.store.embedded import EmbeddedValkey
from tests.serving.test_startup import free_port

Transport = Callable[[Sandbox], dict[str, object]]

READY = {"ready": True, "missing": [], "redis": "ok", "flowise": "ok", "tasks": "ok"}


def by_http(home: Sandbox) -> dict[str, object]:
    return {"slack_app_token": None, "slack_signing_secret": home.slack.signing_secret}


def by_socket(home: Sandbox) -> dict[str, object]:
    return {}


TRANSPORTS = pytest.mark.parametrize("transport", [by_http, by_socket])


def address(bot: Bot, path: str) -> str:
    return f"http://127.0.0.1:{bot.port}{path}"


@asynccontextmanager
async def serving(home: Sandbox, transport: Transport, **changes: object) -> AsyncIterator[Bot]:
    """A bot that hears its Slack by that transport."""
    async with home.bot(**transport(home), **changes) as bot:
        if transport is by_http:
            home.slack.events_url = address(bot, "/slack/events")
        yield bot


def event(home: Sandbox, kind: str, ts: str, text: str) -> dict[str, object]:
    """An envelope about a message of ada's, with an id of its own, as a retry or a twin of an earlier one would be."""
    inner = {"type": kind, "user": home.ada, "text": text, "ts": ts, "event_ts": ts, "channel": home.channel}
    if kind == "message":
        inner["channel_type"] = "channel"
    team = home.slack.team_id
    return {
        "type": "event_callback",
        "team_id": team,
        "event_id": f"Ev{kind}{ts}",
        "event_time": 1,
        "event": inner,
        "authorizations": [{"team_id": team, "user_id": home.slack.bot_user_id, "is_bot": True}],
    }


async def got(url: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.json()


async def posted(bot: Bot, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session:
        url = address(bot, "/slack/events")
        async with session.post(
            url, data=io.BytesIO(body), headers={"Content-Type": "application/json", **headers}
        ) as answer:
            return answer.status, await answer.text()


def signed(home: Sandbox, body: bytes, *, timestamp: str | None = None) -> dict[str, str]:
    timestamp = timestamp or str(int(time.time()))
    base = b"v0:" + timestamp.encode() + b":" + body
    digest = hmac.new(home.slack.signing_secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}


# Both transports ------------------------------------------------------------------------------------------------------


@TRANSPORTS
async def test_a_mention_a_follow_up_a_command_and_a_button(home: Sandbox, transport: Transport) -> None:
    async with serving(home, transport):
        root = await home.ask(f"{home.mention} my name is Ada")
        await home.answered(root)
        await home.ask("what is my name?", thread_ts=root)
        _, second = await home.answered(root, 2)
        assert "Ada" in second
        done = await home.slack.command(home.ada, home.channel, "/flowise", "and by command?")
        assert done.acked
        await home.slack.until(lambda: len(home.flowise.predictions) == 3 and home.idle)
        button = {
            "type": "block_actions",
            "team": {"id": home.slack.team_id},
            "user": {"id": home.ada, "team_id": home.slack.team_id},
            "channel": {"id": home.channel},
            "actions": [{"type": "button", "action_id": "left-over", "block_id": "b", "value": "1"}],
        }
        assert (await home.slack.deliver(button, kind="interactive")).acked
        other = await home.slack.command(home.ada, home.channel, "/another", "")
        assert other.acked
        assert "/flowise" in other.text


@TRANSPORTS
async def test_an_event_that_comes_again_is_answered_once_whichever_replica_hears_it(
    home: Sandbox, transport: Transport
) -> None:
    text = f"{home.mention} once, please"
    async with serving(home, transport), serving(home, transport):
        root = await home.ask(text)
        await home.answered(root)
        for number in (1, 2, 3):  # the sockets take turns; by HTTP all of these reach the other replica
            for kind in ("app_mention", "message"):
                done = await home.slack.deliver(event(home, kind, root, text), retry_num=number)
                assert done.acked
        last = await home.ask(f"{home.mention} and this")
        await home.answered(last)
        assert [prediction.question for prediction in home.flowise.predictions] == ["once, please", "and this"]
        assert len(home.answers(root)) == 1


async def test_by_http_the_replica_that_has_not_answered_hears_the_retry(home: Sandbox) -> None:
    text = f"{home.mention} once, please"
    async with serving(home, by_http) as first, serving(home, by_http) as second:
        home.slack.events_url = address(first, "/slack/events")
        root = await home.ask(text)
        await home.answered(root)
        home.slack.events_url = address(second, "/slack/events")
        assert (await home.slack.deliver(event(home, "app_mention", root, text), retry_num=1)).acked
        last = await home.ask(f"{home.mention} and this")
        await home.answered(last)
        assert len(home.flowise.predictions) == 2


@TRANSPORTS
async def test_the_health_checks(home: Sandbox, transport: Transport, tmp_path_factory: pytest.TempPathFactory) -> None:
    server, held = EmbeddedValkey(tmp_path_factory.mktemp("store")), asyncio.Event()
    url = await server.start()
    try:
        port = free_port()
        async with serving(home, transport, redis_url=url, metrics_port=port) as bot:
            own = f"http://127.0.0.1:{port}"
            assert await got(f"{own}/healthz") == (200, {"status": "alive", "under_way": 0})
            assert await got(f"{own}/readyz") == (
                200,
                READY,
            )
            await server.stop()
            # Ready all the same: somebody has to take what Slack sends, and to say that it cannot be answered now.
            away = "away: Redis cannot be reached (ConnectionError)"
            assert await got(f"{own}/readyz") == (
                200,
                READY | {"redis": away},
            )
            assert (await got(f"{own}/healthz"))[0] == 200
            # The folder is the same, and so is the socket: the store is back.
            assert await server.start() == url
            assert await got(f"{own}/readyz") == (
                200,
                READY,
            )
            home.flowise.script("rag", Script(tokens=["one", " two"], hold=held, hold_after=1))
            root = await home.ask(f"{home.mention} hello")
            await home.slack.until(lambda: home.answers(root) == ["one"])
            bot.stop()
            told = {"ready": False, "missing": ["stopping"], "redis": "ok", "flowise": "ok", "tasks": "ok"}
            assert await got(f"{own}/readyz") == (503, told)
            assert await got(f"{own}/healthz") == (200, {"status": "alive", "under_way": 1})
            whether = told if transport is by_socket else {"ready": False}
            assert await got(address(bot, "/readyz")) == (503, whether)
            held.set()
            [answer] = await home.answered(root)
            assert answer.startswith("one two")
    finally:
        await server.stop()


async def test_a_frozen_redis_keeps_no_one_who_asks_whether_we_are_ready(home: Sandbox, own_redis: str) -> None:
    redis = connect(own_redis)
    pid = int((await redis.info("server"))["process_id"])
    await redis.aclose()
    async with home.bot() as bot:
        os.kill(pid, signal.SIGSTOP)
        try:
            away = "away: Redis does not answer in time (TimeoutError)"
            assert await got(address(bot, "/readyz")) == (
                200,
                READY | {"redis": away},
            )
        finally:
            os.kill(pid, signal.SIGCONT)


# HTTP -----------------------------------------------------------------------------------------------------------------


async def test_slack_makes_sure_of_the_address(home: Sandbox) -> None:
    async with serving(home, by_http) as bot:
        body = json.dumps({"type": "url_verification", "token": "t", "challenge": "3eZbrw1aB"}).encode()
        status, text = await posted(bot, body, signed(home, body))
        assert status == 200
        assert json.loads(text) == {"challenge": "3eZbrw1aB"}


async def test_what_slack_has_not_signed_is_not_heard(home: Sandbox) -> None:
    async with serving(home, by_http) as bot:
        root = await home.ask(f"{home.mention} hello")
        await home.answered(root)
        body = json.dumps(event(home, "app_mention", f"{float(root) + 1:.6f}", f"{home.mention} forged")).encode()
        good = signed(home, body)
        stale = signed(home, body, timestamp=str(int(time.time()) - 600))
        wrong = [
            good | {"X-Slack-Signature": "v0=" + "0" * 64},
            {"X-Slack-Request-Timestamp": good["X-Slack-Request-Timestamp"]},
            good | {"X-Slack-Request-Timestamp": "soon"},
            stale,
            {},
        ]
        for headers in wrong:
            assert (await posted(bot, body, headers))[0] == 401
        other = await home.ask(f"{home.mention} hello again")
        await home.answered(other)
        assert [prediction.question for prediction in home.flowise.predictions] == ["hello", "hello again"]


async def test_slack_s_notice_that_it_drops_events_is_taken(home: Sandbox) -> None:
    async with serving(home, by_http) as bot:
        notice = {"type": "app_rate_limited", "team_id": "T1", "minute_rate_limited": 1, "api_app_id": "A1"}
        body = json.dumps(notice).encode()
        assert (await posted(bot, body, signed(home, body)))[0] == 200


async def test_a_body_that_no_event_has_is_not_read(home: Sandbox) -> None:
    async with serving(home, by_http) as bot:
        body = b"{" + b" " * (5 * 1024 * 1024) + b"}"
        assert (await posted(bot, body, signed(home, body)))[0] == 413


async def test_while_it_stops_slack_is_sent_to_another_replica(home: Sandbox) -> None:
    held = asyncio.Event()
    home.flowise.script("rag", Script(tokens=["one", " two"], hold=held, hold_after=1))
    async with serving(home, by_http) as bot:
        root = await home.ask(f"{home.mention} hello")
        await home.slack.until(lambda: home.answers(root) == ["one"])
        bot.stop()
        body = json.dumps(event(home, "app_mention", f"{float(root) + 1:.6f}", f"{home.mention} late")).encode()
        assert (await posted(bot, body, signed(home, body)))[0] == 503
        held.set()
    assert len(home.flowise.predictions) == 1


async def test_by_socket_nobody_is_heard_by_http(home: Sandbox) -> None:
    async with home.bot() as bot:
        assert (await posted(bot, b"{}", {}))[0] == 404


# Socket Mode ----------------------------------------------------------------------------------------------------------


async def test_a_refresh_between_and_during_answers_loses_nothing(home: Sandbox) -> None:
    async with home.bot():
        await home.slack.refresh_sockets()
        root = await home.ask(f"{home.mention} one")
        await home.answered(root)
        held = asyncio.Event()
        home.flowise.script("rag", Script(tokens=["first", " second"], hold=held, hold_after=1))
        await home.ask("two", thread_ts=root)
        await home.slack.until(lambda: home.answers(root)[1:] == ["first"])
        await home.slack.refresh_sockets()
        await home.ask("three", thread_ts=root)
        held.set()
        answers = await home.answered(root, 3)
        assert answers[1].startswith("first second")
        assert [prediction.question for prediction in home.flowise.predictions] == ["one", "two", "three"]
        assert home.slack.sockets == 1


async def test_an_announced_refresh_and_a_link_that_is_switched_off_are_outlived(home: Sandbox) -> None:
    async with home.bot():
        for reason in ("warning", "link_disabled"):
            await home.slack.refresh_sockets(reason)
            root = await home.ask(f"{home.mention} {reason}")
            await home.answered(root)
        assert len(home.flowise.predictions) == 2


async def test_a_lost_socket_is_back_soon_and_what_was_said_meanwhile_is_answered(home: Sandbox) -> None:
    async with home.bot() as bot:
        await home.slack.close_sockets()
        root = await home.ask(f"{home.mention} are you there?")
        assert (await got(address(bot, "/readyz")))[1] == {
            "ready": False,
            "missing": ["slack"],
            "redis": "ok",
            "flowise": "ok",
            "tasks": "ok",
        }
        await home.slack.until(lambda: home.slack.sockets == 1, timeout=5)
        await home.answered(root)
        assert len(home.flowise.predictions) == 1


class Clock:
    """Makes a ticket stale before it can be used, until it is steady."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.steady = False

    def __call__(self) -> float:
        self.now += 0.0 if self.steady else 100.0
        return self.now


@asynccontextmanager
async def connecting(
    slack: LocalSlack, *, watch: float, wedged: float = 10.0, ping: float = 5.0, opened: bool = False
) -> AsyncIterator[SocketMode]:
    """With `opened` it begins with an address that it was given."""
    async with new_session() as session:
        web = web_client(slack.bot_token, slack.url, session)
        app = AsyncApp(name="peer", client=web, signing_secret="unused")
        mode = SocketMode(app, slack.app_token, watch=watch, wedged=wedged, ping=ping)
        await mode.start(await open_connection(web, slack.app_token) if opened else "")
        try:
            yield mode
        finally:
            await mode.stop()


def tickets(slack: LocalSlack) -> int:
    return sum(call.method == "apps.connections.open" for call in slack.calls)


@pytest.mark.parametrize("opened", [False, True])
async def test_a_ticket_that_failed_and_expired_is_replaced(opened: bool) -> None:
    clock = Clock()
    async with LocalSlack(clock=clock) as slack, connecting(slack, watch=0.05, wedged=0.2, ping=0.05, opened=opened):
        await slack.until(lambda: tickets(slack) == 1)
        clock.steady = True  # from now on a new ticket is good; the one it holds has expired
        await slack.until(lambda: slack.sockets == 1, timeout=5)
        assert tickets(slack) == 2


async def connected(mode: SocketMode) -> None:
    """Slack knows of a connection a moment before the client does."""
    async with asyncio.timeout(5):
        while not await mode.connected():  # noqa: ASYNC110  # slack_sdk has no event for it
            await asyncio.sleep(0.01)


async def test_an_address_that_was_given_is_connected_to() -> None:
    async with LocalSlack() as slack, connecting(slack, watch=10.0, opened=True) as mode:
        await connected(mode)
        assert slack.sockets == 1
        assert tickets(slack) == 1


async def test_a_slack_that_gives_no_address_is_asked_again() -> None:
    async with LocalSlack() as slack:
        slack.server_error("apps.connections.open", times=2)
        async with connecting(slack, watch=0.05) as mode:
            await slack.until(lambda: slack.sockets == 1, timeout=5)
            await connected(mode)
        await slack.until(lambda: slack.sockets == 0)


async def test_a_request_that_never_comes_to_its_end_does_not_hold_up_a_stop(home: Sandbox) -> None:
    async with serving(home, by_http, bot_stop_grace=0) as bot:
        _, writer = await asyncio.open_connection("127.0.0.1", bot.port)
        writer.write(b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        async with aiohttp.ClientSession() as http, http.get(address(bot, "/healthz")) as response:
            assert response.status == 200  # so the bot has read what was sent before
        bot.stop()
        before = time.monotonic()
    # aiohttp would wait for a minute; a platform kills what takes longer than it was given.
    assert time.monotonic() - before < 20
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
