"""Two workspaces in one process, over the wire: what is for one never reaches the other, nor what is for neither.

Both local Slacks give the same ids to their people, channels and messages: only the team tells one from the other.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from uuid import uuid4

import aiohttp
import pytest
from structlog.testing import capture_logs

from bot.app import Bot
from bot.mailbox.durations import Durations
from bot.playground.flowise import LocalFlowise
from bot.playground.sandbox import Sandbox
from bot.playground.slack import LocalSlack
from bot.records.thread import Hold, Item, OpenAnswer, Thread
from bot.slack.client import SlackClient
from bot.slack.payload import IncomingMessage
from bot.slack.wire import new_session, web_client
from bot.store.connections import connect
from bot.store.redis import RedisStore
from bot.workspace.registry import Registry
from bot.workspace.work import reference_of

ONE, TWO, NEITHER = "T0LOCAL01", "T0LOCAL02", "T0OTHER99"
DROPPED = "payload of another installation dropped"


@dataclass
class Pair:
    """A bot that serves the first of two workspaces when it has started; the second is opened by `second`."""

    one: Sandbox
    two: Sandbox
    bot: Bot

    @property
    def registry(self) -> Registry:
        assert self.bot._registry is not None
        return self.bot._registry

    @asynccontextmanager
    async def second(self) -> AsyncIterator[None]:
        """The second workspace is served too."""
        slack = self.two.slack
        async with new_session() as session:
            client = SlackClient(web_client(slack.bot_token, slack.url, session), session)
            async with self.registry.opened(client, await client.identity()):
                yield

    async def ready(self) -> int:
        async with aiohttp.ClientSession() as session, session.get(f"{_address(self.bot)}/readyz") as answer:
            return answer.status


def _address(bot: Bot) -> str:
    return f"http://127.0.0.1:{bot.port}"


@pytest.fixture
async def pair(own_redis: str) -> AsyncIterator[Pair]:
    began, secret = time.time(), uuid4().hex  # it is one app
    async with AsyncExitStack() as stack:
        flowise = await stack.enter_async_context(LocalFlowise(tokens_per_second=math.inf))
        homes = []
        for team in (ONE, TWO):
            slack = LocalSlack(scale=10, wall=lambda: began, team_id=team)
            slack.signing_secret = secret
            await stack.enter_async_context(slack)
            ada = slack.user("ada")
            homes.append(Sandbox(slack, flowise, own_redis, ada, slack.channel("general", members=[ada]), 10))
        one, two = homes
        one.durations = Durations(renewal=0.1)
        bot = await stack.enter_async_context(one.bot(slack_app_token=None, slack_signing_secret=secret))
        for home in homes:
            home.slack.events_url = f"{_address(bot)}/slack/events"
            home.bots = [bot]
        yield Pair(one, two, bot)
        assert one.slack.violations == two.slack.violations == []
        two.bots = []


async def test_no_message_chat_or_claim_crosses(pair: Pair) -> None:
    one, two = pair.one, pair.two
    async with pair.second():
        first = await one.ask(f"{one.mention} my name is Ada")
        assert await two.ask(f"{two.mention} my name is Bob") == first
        assert (one.channel, one.ada) == (two.channel, two.ada)
        [ada], [bob] = await one.answered(first), await two.answered(first)
        assert ("Ada" in ada, "Ada" in bob, "Bob" in ada, "Bob" in bob) == (True, False, False, True)
        await one.ask("what is my name?", thread_ts=first)
        await two.ask("what is my name?", thread_ts=first)
        assert "Ada" in (await one.answered(first, 2))[1]
        assert "Bob" in (await two.answered(first, 2))[1]
        assert len({prediction.chat_id for prediction in one.flowise.predictions}) == 2
        assert (await one.slack.command(one.ada, one.channel, "/flowise", "by command?")).acked
        assert (await two.slack.command(two.ada, two.channel, "/flowise", "by command?")).acked
        await one.slack.until(lambda: len(one.flowise.predictions) == 6 and one.idle)
        assert len(one.slack.messages(one.channel)) == len(two.slack.messages(two.channel))
    client = connect(one.redis_url)
    keys = [key async for key in client.scan_iter()]
    await client.aclose()
    assert any(ONE in key for key in keys)
    assert any(TWO in key for key in keys)
    assert not [key for key in keys if ONE in key and TWO in key]


async def test_no_budget_crosses_and_a_refused_token_is_that_of_one_workspace(pair: Pair) -> None:
    one, two = pair.one, pair.two
    async with pair.second():
        one.slack.limit("chat.postMessage", 1.0)
        slow, quick = await one.ask(f"{one.mention} why?"), await two.ask(f"{two.mention} why?")
        await two.slack.until(lambda: bool(two.answers(quick)))
        assert one.answers(slow) == []
        await one.answered(slow)
        one.slack.revoke()
        await one.ask(f"{one.mention} anybody?")
        await one.slack.until(lambda: one.idle and not all(workspace.is_ready for workspace in pair.registry))
        assert await pair.ready() == 200
        again = await two.ask(f"{two.mention} and here?")
        assert len(await two.answered(again)) == 1
        two.slack.revoke()
        await two.ask(f"{two.mention} anybody?")
        await two.slack.until(lambda: two.idle and not pair.registry.is_ready)
        assert await pair.ready() == 503


async def test_what_a_process_has_left_is_gone_on_with_where_its_workspace_is_served(
    pair: Pair,
) -> None:
    two, team = pair.two, TWO
    two.slack.events_url = None
    root = await two.slack.say(two.ada, two.channel, f"{two.mention} why?")
    heard = IncomingMessage(two.channel, "channel", two.ada, f"{two.mention} why?", root, "", (), (team,), edited=False)
    reference, line = reference_of(team, two.channel, root), Thread(team, two.channel, root).line
    item = Item(team, line, reference, root, "message", json.dumps({"message": asdict(heard), "addressed": True}))
    store = RedisStore.at(two.redis_url)
    assert await store.mailboxes.accept(Hold(item, "dead"), 60.0, opens=None, opened=OpenAnswer())
    await store.mailboxes.release(Hold(item, "dead"))
    for _ in range(3):
        assert (await store.mailboxes.abandoned([ONE], "another", 60.0))[0] == ()
    await store.aclose()
    await asyncio.sleep(0.2)  # the first workspace looks for what was left
    assert two.flowise.predictions == []
    async with pair.second():
        assert len(await two.answered(root)) == 1
    assert pair.one.slack.messages(pair.one.channel) == []


# What is for neither ------------------------------------------------------------------------------------------------


def _event(
    home: Sandbox, inner: Mapping[str, object], team: str, *, authorized: str | None = None
) -> dict[str, object]:
    authorizations = [{"enterprise_id": None, "team_id": authorized, "is_bot": True}] if authorized else []
    outer = {"type": "event_callback", "team_id": team, "api_app_id": "A0LOCALAPP", "event_id": f"Ev{time.time()}"}
    return {**outer, "event": dict(inner), "authorizations": authorizations}


def _mention(home: Sandbox, ts: str) -> dict[str, object]:
    return {"type": "app_mention", "user": home.ada, "text": f"{home.mention} why?", "ts": ts, "channel": home.channel}


async def test_what_is_for_another_installation_is_acknowledged_told_of_once_and_dropped(pair: Pair) -> None:
    one, (team, user) = pair.one, ({"id": NEITHER}, {"id": pair.one.ada, "team_id": ONE})
    root = await one.ask(f"{one.mention} hello")
    await one.answered(root)
    client = connect(one.redis_url)
    before = {key async for key in client.scan_iter() if ONE in key and ":chat:" in key}
    revoked = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [one.slack.bot_user_id]}}
    again = json.dumps([f"{ONE}:{one.channel}:{root}", "00000000"])
    pressed = {"action_id": "ask_again", "type": "button", "value": again, "action_ts": "1.0"}
    interactions: list[dict[str, object]] = [
        {"type": "block_actions", "team": team, "user": user, "actions": [pressed], "channel": {"id": one.channel}},
        {"type": "view_submission", "team": {"id": ONE}, "user": user, "view": {"app_installed_team_id": NEITHER}},
        {"type": "shortcut", "team": team, "user": user, "callback_id": "x"},
    ]
    command = {"command": "/flowise", "text": "why?", "team_id": NEITHER, "channel_id": one.channel, "user_id": one.ada}
    with capture_logs() as logs:
        for event in ({"type": "app_uninstalled"}, revoked, _mention(one, root), {"type": "message", "ts": root}):
            assert (await one.slack.deliver(_event(one, event, NEITHER))).acked
            assert (await one.slack.deliver(_event(one, event, ONE, authorized=NEITHER))).acked
        for interaction in interactions:
            assert (await one.slack.deliver(interaction, kind="interactive")).acked
        done = await one.slack.deliver(command | {"trigger_id": "1.2.3"}, kind="slash_commands")
        assert (done.acked, done.text) == (True, "")
        await one.slack.settled()
    told = [(line["app"], line["team"]) for line in logs if line["event"] == DROPPED]
    assert told == [("A0LOCALAPP", NEITHER), ("", NEITHER)]
    assert {key async for key in client.scan_iter() if ONE in key and ":chat:" in key} == before
    await client.aclose()
    assert len(one.flowise.predictions) == 1
    assert one.slack.ephemerals(one.channel, one.ada) == []
    assert await pair.ready() == 200
    last = await one.ask(f"{one.mention} still here?")
    assert len(await one.answered(last)) == 1


async def test_an_uninstalled_workspace_leaves_the_other_its_data(pair: Pair) -> None:
    one, two = pair.one, pair.two
    async with pair.second():
        root = await one.ask(f"{one.mention} hello")
        await two.ask(f"{two.mention} hello")
        await one.answered(root)
        await two.answered(root)
        client = connect(one.redis_url)
        with capture_logs() as logs:
            two.slack.uninstall()
            await two.slack.until(lambda: any(line["event"] == "workspace data deleted" for line in logs))
        keys = [key async for key in client.scan_iter()]
        await client.aclose()
        assert not [key for key in keys if TWO in key and ":processes:" not in key]  # it is looked after still
        assert [key for key in keys if ONE in key and ":chat:" in key]
        await one.ask("and then?", thread_ts=root)
        assert len(await one.answered(root, 2)) == 2


async def test_an_event_of_a_shared_channel_is_for_the_installation_that_is_authorized(pair: Pair) -> None:
    """The ids of the envelope are those of the other organisation."""
    one = pair.one
    root = await one.slack.say(one.ada, one.channel, "not for the bot")
    event = _event(one, _mention(one, root), NEITHER, authorized=ONE) | {"context_team_id": NEITHER}
    assert (await one.slack.deliver(event)).acked
    assert len(await one.answered(root)) == 1


async def test_what_comes_after_a_workspace_was_closed_is_dropped(pair: Pair) -> None:
    two = pair.two
    async with pair.second():
        root = await two.ask(f"{two.mention} hello")
        await two.answered(root)
    with capture_logs() as logs:
        await two.ask(f"{two.mention} anybody?")
        await two.slack.settled()
    assert [line["team"] for line in logs if line["event"] == DROPPED] == [TWO]
    assert len(two.flowise.predictions) == 1
