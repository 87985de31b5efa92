"""What Slack tells us is stored before it is acknowledged, or not acknowledged; and what a person sees meanwhile."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.app import Bot
from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox, sandbox
from bot.playground.slack import DeliveryTimeouts
from bot.playground.slack.delivery import Attempt
from bot.slack import wording, wording_of_failures
from bot.slack.help_contact import NOBODY
from bot.store.embedded import EmbeddedValkey
from bot.store.redis import RedisStore

pytestmark = pytest.mark.program

BY = pytest.mark.parametrize("over", ["socket", "http"])


@dataclass
class Shop:
    """A house whose store the test stops and starts, and whose Slack delivers again after each of `waits`."""

    house: Sandbox
    server: EmbeddedValkey
    url: str

    def deliveries(self) -> list[int | bool | None]:
        """What became of each delivery of a mention, in order: its HTTP status, over a socket whether it was taken."""
        mentions = [attempt for attempt in self.house.slack.attempts if kind_of(attempt) == "app_mention"]
        return [attempt.result.status or attempt.result.acked for attempt in mentions]


def kind_of(attempt: Attempt) -> object:
    event = attempt.payload.get("event")
    return event.get("type") if isinstance(event, dict) else None


@asynccontextmanager
async def shop(folder: Path, *waits: float) -> AsyncIterator[Shop]:
    server = EmbeddedValkey(folder / "store")
    url = await server.start()
    patience = DeliveryTimeouts(ack=1.0, retries=waits)
    async with sandbox(url, tokens_per_second=math.inf, patience=patience) as built:
        yield Shop(built, server, url)
    await server.stop()


@asynccontextmanager
async def serving(home: Sandbox, over: str, **changes: object) -> AsyncIterator[Bot]:
    """A bot that hears its Slack over that."""
    if over == "http":
        changes |= {"slack_app_token": None, "slack_signing_secret": home.slack.signing_secret}
    async with home.bot(**changes) as bot:
        if over == "http":
            home.slack.events_url = f"http://127.0.0.1:{bot.port}/slack/events"
        yield bot


@BY
async def test_while_the_store_is_away_an_event_is_not_acknowledged_and_its_delivery_again_is_answered(
    tmp_path: Path, over: str
) -> None:
    async with shop(tmp_path, 0.1, 1.5) as it, serving(it.house, over):
        await it.server.stop()
        root = await it.house.ask(f"{it.house.mention} why?")
        await it.house.slack.until(lambda: len(it.deliveries()) >= 2)
        assert it.deliveries()[:2] == [503 if over == "http" else False] * 2
        await it.house.slack.until(lambda: it.house.answers(root) == [wording.NOT_YET])
        assert it.house.flowise.predictions == []
        await it.server.start()
        await it.house.slack.until(lambda: len(it.house.flowise.predictions) == 1 and it.house.idle)
        await it.house.slack.settled()
        assert it.deliveries()[2:] == [200 if over == "http" else True]
        [answer] = it.house.answers(root)
        assert "why?" in answer
        assert wording.NOT_YET not in answer
        posts = [call for call in it.house.slack.calls if call.method == "chat.postMessage"]
        assert len(posts) == 1  # the same message was first the apology and then the answer


async def test_what_was_never_taken_is_told_in_the_same_message(tmp_path: Path) -> None:
    async with shop(tmp_path, 0.1, 0.1, 0.1) as it, serving(it.house, "http"):
        await it.server.stop()
        root = await it.house.ask(f"{it.house.mention} why?")
        await it.house.slack.settled()
        await it.house.slack.until(lambda: wording.NOT_YET not in it.house.answers(root) and it.house.idle)
        [told] = it.house.answers(root)
        assert re.search(r"Reference for support: [0-9a-f]{8}$", told, re.MULTILINE)
        assert it.house.flowise.predictions == []
        assert it.deliveries() == [503] * 4
        await it.server.start()


async def test_of_the_two_events_of_a_mention_one_apologises_and_either_has_the_last_word(tmp_path: Path) -> None:
    """They may come to different processes, which cannot agree: the store is away."""
    async with shop(tmp_path) as it, serving(it.house, "http"):
        home = it.house
        await it.server.stop()
        root = await home.ask("somebody begins")
        ts = f"{home.slack.core.workspace.wall():.6f}"
        twin = {"type": "message", "channel_type": "channel", "channel": home.channel, "ts": ts, "event_ts": ts}
        twin |= {"user": home.ada, "text": f"{home.mention} why?", "thread_ts": root}
        assert not (await home.slack.deliver(enveloped(home, twin))).acked
        assert home.answers(root) == []
        assert not (await home.slack.deliver(enveloped(home, twin), retry_num=3)).acked
        await home.slack.until(lambda: len(home.answers(root)) == 1)
        assert wording.NOT_YET not in home.answers(root)[0]
        await it.server.start()


@BY
async def test_a_command_is_told_at_once_that_it_is_not_taken(tmp_path: Path, over: str) -> None:
    async with shop(tmp_path) as it, serving(it.house, over):
        await it.server.stop()
        done = await it.house.slack.command(it.house.ada, it.house.channel, "/flowise", "why?")
        assert (done.acked, done.text) == (True, wording_of_failures.not_taken(NOBODY))
        await it.server.start()
        done = await it.house.slack.command(it.house.ada, it.house.channel, "/flowise", "and now?")
        assert (done.acked, done.text) == (True, "")
        await it.house.slack.until(lambda: len(it.house.flowise.predictions) == 1 and it.house.idle)
    assert [prediction.question for prediction in it.house.flowise.predictions] == ["and now?"]


async def test_two_deliveries_at_once_are_one_question(tmp_path: Path) -> None:
    async with shop(tmp_path) as it, serving(it.house, "http"), serving(it.house, "http"):
        home = it.house
        text, ts = f"{home.mention} once?", f"{home.slack.core.workspace.wall():.6f}"
        root = await home.ask("somebody begins")
        where = {"channel": home.channel, "ts": ts, "event_ts": ts, "thread_ts": root, "user": home.ada, "text": text}
        mention = {"type": "app_mention", **where}
        twin = {"type": "message", "channel_type": "channel", **where}
        sent = (home.slack.deliver(enveloped(home, event), retry_num=1) for event in (mention, twin) * 10)
        assert all(done.acked for done in await asyncio.gather(*sent))
        await home.slack.until(lambda: len(home.answers(root)) == 1 and home.idle)
        assert len(home.flowise.predictions) == 1
        assert home.slack.violations == []


def enveloped(home: Sandbox, event: dict[str, Any]) -> dict[str, Any]:
    """An event in its envelope, as Slack sends it."""
    team = home.slack.team_id
    authorization = {"team_id": team, "user_id": home.slack.bot_user_id, "is_bot": True, "enterprise_id": None}
    return {
        "type": "event_callback",
        "team_id": team,
        "api_app_id": "A0LOCALAPP",
        "event_id": f"Ev{id(event)}",
        "authorizations": [authorization],
        "event": event,
    }


@pytest.mark.parametrize("edited", [False, True], ids=["as written", "edited"])
async def test_a_mention_that_is_delivered_with_a_late_invitation_is_answered(home: Sandbox, *, edited: bool) -> None:
    """It is older than the bot's membership, and the thread cannot be read."""
    slack, text = home.slack, f"{home.mention} why?"
    workspace, wall = slack.core.workspace, slack.core.workspace.wall
    place = slack.channel("elsewhere", members=[home.ada], bot_is_member=False)
    slack.refuse("conversations.replies", "missing_scope")
    async with home.bot():
        workspace.wall = lambda: wall() - 1200
        root = await home.ask("Our printer is on fire.", channel=place)
        asked = await home.ask(text, channel=place, thread_ts=root)
        await slack.settled()
        workspace.wall = wall
        slack.invite(home.ada, place, slack.bot_user_id)
        event: dict[str, Any] = {"type": "app_mention", "channel": place, "user": home.ada, "text": text, "ts": asked}
        event |= {"event_ts": asked, "thread_ts": root}
        event |= {"edited": {"user": home.ada, "ts": f"{float(asked) + 30:.6f}"}} if edited else {}
        for _ in range(2):
            assert (await slack.deliver(enveloped(home, event))).acked
        await home.answered(root, channel=place)
    assert [prediction.question for prediction in home.flowise.predictions] == ["why?"]


async def test_an_event_for_nobody_needs_no_store(tmp_path: Path) -> None:
    async with shop(tmp_path) as it, serving(it.house, "http"):
        await it.server.stop()
        await it.house.ask("not for the bot")
        await it.house.slack.settled()
        assert [attempt.result.status for attempt in it.house.slack.attempts] == [200]
        await it.server.start()


async def test_while_it_leaves_nothing_is_taken_in(tmp_path: Path) -> None:
    async with shop(tmp_path, 0.1, 0.1) as it:
        async with serving(it.house, "http") as bot:
            assert bot._registry is not None
            bot._registry.process.tasks.leaving.set()
            root = await it.house.ask(f"{it.house.mention} why?")
            await it.house.slack.settled()
            assert it.deliveries() == [503] * 3
        assert it.house.answers(root) == []
        store = RedisStore.at(it.url)
        assert [key async for key in store._client.scan_iter(match="*:claim:*")] == []
        await store.aclose()


# Ask again ------------------------------------------------------------------------------------------------------------


async def interrupted(home: Sandbox, **changes: object) -> tuple[str, str]:
    """A question whose answer a bot has left before its first word when it was stopped: its `ts`, and that of its
    message."""
    home.flowise.script("rag", Script(tokens=["never", " said"], hold=asyncio.Event(), hold_after=0))
    async with home.bot(bot_stop_grace=0, **changes):
        root = await home.ask(f"{home.mention} why?")
        await home.slack.until(lambda: len(home.flowise.predictions) == 1)
    [message] = home.slack.thread(home.channel, root)[1:]
    assert wording.ASK_AGAIN in message.plain.splitlines()
    return root, message.ts


@BY
async def test_ask_again_asks_once_in_the_same_message_however_often_it_is_pressed(home: Sandbox, over: str) -> None:
    root, ts = await interrupted(home)
    press = [home.ada, home.channel, ts, wording.ASK_AGAIN]
    async with serving(home, over, flowise_left_run_wait=0.2):
        done = await asyncio.gather(*(home.slack.press(*press) for _ in range(3)))
        assert all(one.acked for one in done)
        await home.slack.until(lambda: "stand-in model" in home.answers(root)[0] and home.idle)
        [message] = home.slack.thread(home.channel, root)[1:]
        assert message.ts == ts
        assert "why?" in message.plain
        assert wording.ASK_AGAIN not in message.plain
    assert [prediction.question for prediction in home.flowise.predictions] == ["why?", "why?"]
    assert home.slack.violations == []


async def test_an_answer_that_is_interrupted_again_can_be_asked_again(home: Sandbox) -> None:
    root, ts = await interrupted(home)
    press = [home.ada, home.channel, ts, wording.ASK_AGAIN]
    home.flowise.script("rag", Script(tokens=["second", " try"], hold=asyncio.Event(), hold_after=0))
    async with home.bot(bot_stop_grace=0, flowise_left_run_wait=0.2):
        assert (await home.slack.press(*press)).acked
        await home.slack.until(lambda: len(home.flowise.predictions) == 2)
    assert wording.ASK_AGAIN in home.answers(root)[0].splitlines()
    async with home.bot(flowise_left_run_wait=0.2):
        assert (await home.slack.press(*press)).acked
        await home.slack.until(lambda: "stand-in model" in home.answers(root)[0] and home.idle)
    assert len(home.flowise.predictions) == 3
    assert len(home.answers(root)) == 1


async def test_a_click_while_the_store_is_away_is_told_at_once(tmp_path: Path) -> None:
    async with shop(tmp_path) as it:
        _, ts = await interrupted(it.house)
        async with serving(it.house, "http"):
            await it.server.stop()
            assert (await it.house.slack.press(it.house.ada, it.house.channel, ts, wording.ASK_AGAIN)).acked
            await it.house.slack.until(
                lambda: told(it.house) == [f"{wording.NOT_TAKEN}\n{wording_of_failures.stuck(NOBODY)}"]
            )
            await it.server.start()


async def test_a_click_on_what_is_not_kept_any_more_is_told(home: Sandbox, own_redis: str) -> None:
    _, ts = await interrupted(home)
    store = RedisStore.at(own_redis)
    await store._client.delete(*[key async for key in store._client.scan_iter(match="*:again:*")])
    await store.aclose()
    async with home.bot():
        assert (await home.slack.press(home.ada, home.channel, ts, wording.ASK_AGAIN)).acked
        await home.slack.until(lambda: told(home) == [wording.NOT_KEPT])
    assert len(home.flowise.predictions) == 1


@pytest.mark.parametrize(("team", "setting"), [(None, "refuse"), ("T0OTHER", "answer"), ("T0OTHER", "refuse")])
async def test_only_the_asker_may_ask_again(home: Sandbox, team: str | None, setting: str) -> None:
    bob = home.slack.user("bob", team=team)
    home.channel = home.slack.channel("shared", members=[home.ada, bob], shared=True)
    root, ts = await interrupted(home)
    async with home.bot(flowise_left_run_wait=0.2, bot_external_people=setting):
        assert (await home.slack.press(bob, home.channel, ts, wording.ASK_AGAIN)).acked
        expected = wording.EXTERNAL if team and setting == "refuse" else wording.NOT_YOURS
        await home.slack.until(lambda: told(home, bob) == [expected])
        assert wording.ASK_AGAIN in home.answers(root)[0]
        if team is None:
            assert (await home.slack.press(home.ada, home.channel, ts, wording.ASK_AGAIN)).acked
            await home.slack.until(lambda: "stand-in model" in home.answers(root)[0] and home.idle)
    assert len(home.flowise.predictions) == (2 if team is None else 1)


async def test_an_asker_of_another_organisation_may_ask_again_only_while_it_is_answered(home: Sandbox) -> None:
    eve = home.slack.user("eve", team="T0OTHER")
    home.channel = home.slack.channel("shared", members=[eve], shared=True)
    home.ada = eve
    root, ts = await interrupted(home, bot_external_people="answer")
    async with home.bot(flowise_left_run_wait=0.2):
        assert (await home.slack.press(eve, home.channel, ts, wording.ASK_AGAIN)).acked
        await home.slack.until(lambda: told(home, eve) == [wording.EXTERNAL])
    async with home.bot(flowise_left_run_wait=0.2, bot_external_people="answer"):
        assert (await home.slack.press(eve, home.channel, ts, wording.ASK_AGAIN)).acked
        await home.slack.until(lambda: "stand-in model" in home.answers(root)[0] and home.idle)


def told(home: Sandbox, user: str = "") -> list[str]:
    """What only one person sees: ada, or another one."""
    return [message.plain for message in home.slack.ephemerals(home.channel, user or home.ada)]
