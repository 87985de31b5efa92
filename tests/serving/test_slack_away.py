"""Slack away and wrong, over real sockets: posts stand once, what is not wanted ends, what went comes back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from structlog.testing import capture_logs

from bot.app import Bot
from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox, sandbox
from bot.playground.slack import Message
from bot.playground.tap.proxy import HOST, ConnectionEnd, FaultProxy
from bot.store.connections import connect
from bot.workspace.process import Waits

WORDS = [f"word{number} " for number in range(400)]


@asynccontextmanager
async def proxied(home: Sandbox) -> AsyncIterator[FaultProxy]:
    """A proxy before the local Slack: its methods, its socket and all that it gives addresses for."""
    async with FaultProxy(HOST, int(home.slack.origin.rpartition(":")[2])) as proxy:
        origin = f"http://{HOST}:{proxy.port}"
        home.slack.url = f"{origin}/api/"
        home.slack.reached_at(origin)
        yield proxy


def growing(home: Sandbox) -> None:
    """The next answer is one that goes on for as long as a test may last."""
    home.flowise.script("rag", Script(tokens=WORDS, token_wait=0.05))


async def begun(home: Sandbox, *, channel: str = "") -> str:
    """A question whose answer stands, and grows."""
    growing(home)
    root = await home.ask(f"{home.mention} tell me", channel=channel)
    await home.slack.until(lambda: bool(home.answers(root, channel=channel)))
    return root


async def ready(bot: Bot) -> tuple[int, list[str]]:
    async with aiohttp.ClientSession() as session, session.get(f"http://{HOST}:{bot.port}/readyz") as answer:
        return answer.status, (await answer.json()).get("missing", [])  # by HTTP it is not told


async def until_ready(bot: Bot) -> None:
    async with asyncio.timeout(10):
        while (await ready(bot))[0] != 200:  # noqa: ASYNC110  # it is asked over the wire, as a probe would
            await asyncio.sleep(0.02)


def made(home: Sandbox, since: int) -> list[str]:
    return [call.method for call in home.slack.calls[since:]]


# What was posted stands once ------------------------------------------------------------------------------------------


async def test_a_post_that_did_happen_before_a_reset_stands_once(own_redis: str) -> None:
    async with sandbox(own_redis, tokens_per_second=1_000, latency=0.05) as home, proxied(home) as proxy:
        cuts = 0

        def cut(kind: str, message: Message) -> None:
            nonlocal cuts
            if kind == "posted" and message.bot_id and not cuts:
                cuts = proxy.cut(ConnectionEnd.RESET)  # done, and its answer is half a latency away

        home.slack.on_change(cut)
        async with home.bot():
            home.flowise.script("rag", Script(tokens=["once ", "and whole"], token_wait=0.3))
            root = await home.ask(f"{home.mention} hello")
            [answer] = await home.answered(root, timeout=15)
            assert answer.startswith("once and whole")
        assert cuts
        assert made(home, 0).count("chat.postMessage") == 1
        assert "conversations.replies" in made(home, 0)


async def test_slack_goes_away_in_mid_answer_and_comes_back(own_redis: str) -> None:
    async with sandbox(own_redis, tokens_per_second=1_000) as home, proxied(home) as proxy, home.bot() as one:
        held = asyncio.Event()
        home.flowise.script("rag", Script(tokens=["before", " and after"], hold=held, hold_after=1))
        root = await home.ask(f"{home.mention} hello")
        await home.slack.until(lambda: home.answers(root) == ["before"])
        proxy.refuse()
        proxy.cut(ConnectionEnd.RESET)
        held.set()
        await home.slack.until(lambda: home.slack.sockets == 0)
        assert (await ready(one))[1] == ["slack"]
        asked = await home.ask(f"{home.mention} are you there?")
        await proxy.listen()
        [answer] = await home.answered(root, timeout=20)
        assert answer.startswith("before and after")
        assert len(await home.answered(asked, timeout=20)) == 1
        assert (await ready(one))[1] == []


async def test_a_slack_that_answers_500_for_a_while_gets_the_answer_later(home: Sandbox) -> None:
    async with home.bot():
        home.slack.server_error("chat.postMessage", times=2)
        root = await home.ask(f"{home.mention} hello")
        assert len(await home.answered(root, timeout=15)) == 1
        assert made(home, 0).count("chat.postMessage") == 3


async def test_a_slack_that_is_away_at_the_start_swallows_no_event(own_redis: str) -> None:
    async with sandbox(own_redis, tokens_per_second=1_000) as home, proxied(home) as proxy:
        proxy.refuse()
        settings = {"slack_app_token": None, "slack_signing_secret": home.slack.signing_secret}
        serving = Bot(home.settings(**settings))
        home.bots.append(serving)
        running = asyncio.create_task(serving.run())
        try:
            await home.slack.until(lambda: serving.port != 0)
            assert (await ready(serving))[0] == 503
            home.slack.events_url = f"http://{HOST}:{serving.port}/slack/events"
            root = await home.ask("hello")
            said = {"type": "app_mention", "user": home.ada, "channel": home.channel, "ts": root}
            said["text"] = f"{home.mention} hello"
            envelope = {"type": "event_callback", "team_id": home.slack.team_id, "event": said}
            assert not (await home.slack.deliver(envelope)).acked  # not Bolt's 200, which would be the event's end
            await proxy.listen()
            await until_ready(serving)
            assert (await home.slack.deliver(envelope, retry_num=1)).acked
            assert len(await home.answered(root)) == 1
        finally:
            serving.stop()
            await running


# What is not wanted ends ----------------------------------------------------------------------------------------------

Away = Callable[[Sandbox, str, str], None]


def delete(home: Sandbox, channel: str, root: str) -> None:
    home.slack.delete(channel, home.slack.thread(channel, root)[-1].ts)


def archive(home: Sandbox, channel: str, root: str) -> None:
    home.slack.archive(channel)


def remove(home: Sandbox, channel: str, root: str) -> None:
    home.slack.remove_bot(channel)


def refuse(home: Sandbox, channel: str, root: str) -> None:
    home.slack.refuse("chat.update", "not_in_channel", times=10)
    home.slack.refuse("chat.appendStream", "not_in_channel", times=10)


@pytest.mark.parametrize(
    ("away", "word", "delivery"),
    [
        (delete, "message_not_found", "edit"),
        (delete, "message_not_found", "stream"),
        (archive, "is_inactive", "edit"),
        (remove, "channel_not_found", "edit"),
        (remove, "channel_not_found", "stream"),
        (refuse, "not_in_channel", "edit"),
        (refuse, "not_in_channel", "stream"),
    ],
)
async def test_an_answer_that_somebody_has_ended_on_purpose_ends_with_its_prediction(
    home: Sandbox, away: Away, word: str, delivery: str
) -> None:
    channel = home.slack.channel("secret", members=[home.ada], private=True)
    async with home.bot(slack_delivery=delivery):
        root = await begun(home, channel=channel)
        with capture_logs() as lines:
            away(home, channel, root)
            before = len(home.slack.thread(channel, root))
            since = len(home.slack.calls)
            await home.slack.until(lambda: home.idle)
        assert len(home.slack.thread(channel, root)) == before  # nothing was posted again
        assert not {"chat.postMessage", "chat.postEphemeral"} & set(made(home, since))
        assert len(made(home, since)) <= 4
        async with asyncio.timeout(5):
            await home.flowise.predictions[0].gone()  # we do not read on
        [told] = [line for line in lines if line["event"] == "answer not delivered"]
        assert word in told["reason"]


async def test_the_run_of_an_agent_flow_is_stopped_in_flowise_too(own_redis: str) -> None:
    async with (
        sandbox(own_redis, tokens_per_second=2) as home,
        home.bot(flowise_chatflow_id=home.flowise.flow("agentflow")),
    ):
        root = await home.ask(f"{home.mention} tell me")
        await home.slack.until(lambda: bool(home.answers(root)))
        delete(home, home.channel, root)
        await home.slack.until(lambda: home.idle)
        [asked] = home.flowise.predictions
        async with asyncio.timeout(3):
            await asked.over()
        assert home.answers(root) == []
        assert home.flowise.turns(asked.chat_id) == []  # it was stopped before its end


# A token that is not taken any more ---------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["invalid_auth", "token_revoked", "account_inactive"])
async def test_a_token_that_is_revoked_is_told_once_and_comes_back_by_itself(home: Sandbox, word: str) -> None:
    home.waits = Waits(token=0.2)
    async with home.bot() as one:
        for _ in range(3):
            await begun(home)
        with capture_logs() as lines:
            home.slack.revoke(word)
            since = len(home.slack.calls)
            await home.slack.until(lambda: home.idle)
            assert await ready(one) == (503, ["slack"])
            late = await home.ask(f"{home.mention} anybody?")  # not acknowledged: Slack will ask again
        errors = [line for line in lines if line["log_level"] == "error"]
        assert [line["reason"] for line in errors] == [word]
        assert "SLACK_BOT_TOKEN" in errors[0]["do"]
        tried = made(home, since)
        assert len([method for method in tried if method != "auth.test"]) <= 3  # those that were under way
        home.slack.take_tokens()
        await home.slack.until(lambda: made(home, since)[-1] == "auth.test" and home.slack.calls[-1].answer == "ok")
        await until_ready(one)
        again = await home.ask(f"{home.mention} back?")
        assert len(await home.answered(again)) == 1
        assert home.answers(late) == []


async def test_an_app_that_is_uninstalled_leaves_nothing_behind(home: Sandbox) -> None:
    client = connect(home.redis_url)
    async with home.bot() as one:
        root = await home.ask(f"{home.mention} hello")
        await home.answered(root)
        await client.set("flowise-slack:claim:T0OTHER:C1:1", "1")
        team = re.compile(rf"\b{home.slack.team_id}\b")
        assert [key async for key in client.scan_iter() if team.search(key)]
        with capture_logs() as lines:
            home.slack.uninstall()
            await home.slack.until(lambda: any(line["event"] == "workspace data deleted" for line in lines))
        assert [key async for key in client.scan_iter() if team.search(key)] == []
        assert await client.exists("flowise-slack:claim:T0OTHER:C1:1") == 1
        [told] = [line for line in lines if line["log_level"] == "error"]
        assert "install it again" in told["do"]
        assert await ready(one) == (503, ["slack"])
        since = len(home.flowise.predictions)
        await home.ask(f"{home.mention} anybody?")
        event = {"type": "app_mention", "channel": home.channel, "ts": "1.0"}
        envelope = {"type": "event_callback", "team_id": home.slack.team_id, "event": event}
        assert not (await home.slack.deliver(envelope)).acked
        assert len(home.flowise.predictions) == since
    await client.aclose()


async def test_the_token_of_a_person_is_none_of_ours(home: Sandbox) -> None:
    async with home.bot() as one:
        event = {"type": "tokens_revoked", "tokens": {"oauth": [home.ada], "bot": []}}
        envelope = {"type": "event_callback", "team_id": home.slack.team_id, "event": event}
        assert (await home.slack.deliver(envelope)).acked
        root = await home.ask(f"{home.mention} hello")
        assert len(await home.answered(root)) == 1
        assert (await ready(one))[0] == 200
