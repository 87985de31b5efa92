"""A bot that is stopped hands over what it cannot end: to another one at once, or to the next start with a sentence."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from bot.app import Bot
from bot.mailbox.durations import Durations
from bot.mailbox.mailbox import Mailbox
from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox, sandbox
from bot.playground.slack import DeliveryTimeouts
from bot.slack import wording

pytestmark = pytest.mark.program  # two bots and more, restarted under load

KEY = "right-key"


LOOKING_OFTEN = Durations(renewal=0.1)


@pytest.fixture
async def home(home: Sandbox) -> Sandbox:
    """Whose bots look often for what was left."""
    home.durations = LOOKING_OFTEN
    return home


@pytest.fixture
async def busy(own_redis: str) -> AsyncIterator[Sandbox]:
    """A house with a key, whose Slack delivers again soon and takes as much as twenty channels' worth."""
    patience = DeliveryTimeouts(ack=2.0, retries=(0.1, 0.3, 1.0, 2.0))
    async with sandbox(own_redis, tokens_per_second=math.inf, api_key=KEY, scale=20, patience=patience) as built:
        built.durations = LOOKING_OFTEN
        yield built
        assert built.flowise.collisions == 0
        assert built.slack.violations == []


def by_http(home: Sandbox, **changes: object) -> dict[str, object]:
    """Settings of a bot that hears nothing until Slack is told its address."""
    given = {"slack_app_token": None, "slack_signing_secret": home.slack.signing_secret, "flowise_api_key": KEY}
    return given | changes


def heard_by(home: Sandbox, bot: Bot) -> None:
    home.slack.events_url = f"http://127.0.0.1:{bot.port}/slack/events"


def mailbox(bot: Bot) -> Mailbox:
    assert bot._registry is not None
    return bot._registry.process.mailbox


async def test_what_was_not_asked_is_handed_over_at_once_and_what_was_is_ended(busy: Sandbox) -> None:
    held = asyncio.Event()
    busy.flowise.script("rag", Script(tokens=["one", " done"], hold=held, hold_after=1))
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(busy.bot(**by_http(busy, bot_stop_grace=10)))
        heard_by(busy, first)
        async with busy.bot(**by_http(busy)) as second:
            root = await busy.ask(f"{busy.mention} one")
            await busy.slack.until(lambda: busy.answers(root) == ["one"])
            await busy.ask(f"{busy.mention} two", thread_ts=root)
            await busy.slack.until(lambda: busy.answers(root) == ["one", wording.queued(1, busy=False)])
            first.stop()
            await busy.slack.until(lambda: len(mailbox(second).held) == 1)  # it waits there while the first one ends
            assert busy.answers(root) == ["one", wording.queued(1, busy=False)]
            held.set()
            await busy.slack.until(lambda: "two" in busy.answers(root)[1] and busy.idle)
    assert busy.answers(root)[0] == "one done"
    assert len(busy.answers(root)) == 2
    assert [prediction.question for prediction in busy.flowise.predictions] == ["one", "two"]


async def test_what_does_not_end_in_time_is_ended_by_the_other_one_in_place(busy: Sandbox) -> None:
    seen: list[str] = []
    busy.slack.on_change(lambda kind, message: seen.append(message.plain))
    busy.flowise.script("rag", Script(tokens=["half", " and", " half"], token_wait=0.6))
    async with AsyncExitStack() as stack:
        second = await stack.enter_async_context(busy.bot(**by_http(busy)))
        async with busy.bot(**by_http(busy, bot_stop_grace=0)) as first:
            heard_by(busy, first)
            root = await busy.ask(f"{busy.mention} why?")
            await busy.slack.until(lambda: busy.answers(root) == ["half"])
        await busy.slack.until(lambda: len(mailbox(second).held) == 1)
        await busy.slack.until(lambda: busy.answers(root) == ["half and half"])
        await busy.slack.until(lambda: busy.idle)
    assert len(busy.flowise.predictions) == 1
    assert not [text for text in seen if wording.ASK_AGAIN in text]


async def test_where_there_is_no_other_it_is_told_and_the_next_start_answers_in_the_same_message(busy: Sandbox) -> None:
    busy.flowise.script("rag", Script(tokens=["one", " never"], hold=asyncio.Event(), hold_after=1))
    async with busy.bot(**by_http(busy, bot_stop_grace=0)) as first:
        heard_by(busy, first)
        root = await busy.ask(f"{busy.mention} one")
        await busy.slack.until(lambda: busy.answers(root) == ["one"])
        await busy.ask(f"{busy.mention} two", thread_ts=root)
        await busy.slack.until(lambda: len(mailbox(first).held) == 2)
    told = busy.answers(root)
    assert len(told) == 2
    assert "I'll answer this when I'm back" in told[1]
    async with busy.bot(**by_http(busy, flowise_left_run_wait=0.1)):
        await busy.slack.until(lambda: "two" in busy.answers(root)[1] and busy.idle)
    assert len(busy.answers(root)) == 2
    assert "when I'm back" not in busy.answers(root)[1]


async def test_a_second_signal_ends_at_once_and_the_next_start_goes_on(busy: Sandbox) -> None:
    busy.flowise.script("rag", Script(tokens=["half", " and", " half"], token_wait=0.3))
    async with asyncio.timeout(5), busy.bot(**by_http(busy, bot_stop_grace=60)) as first:
        heard_by(busy, first)
        root = await busy.ask(f"{busy.mention} why?")
        await busy.slack.until(lambda: busy.answers(root) == ["half"])
        first.stop()
        first.stop()
    async with busy.bot(**by_http(busy)):
        await busy.slack.until(lambda: busy.answers(root) == ["half and half"] and busy.idle)
    assert len(busy.flowise.predictions) == 1


async def test_rolling_restarts_under_load_lose_nothing(busy: Sandbox) -> None:
    """Two replicas, one after the other replaced while people go on asking, and stopped before an answer can end."""
    settings = {"flowise_api_key": KEY, "bot_stop_grace": 0.5, "flowise_left_run_wait": 10}
    rooms = [busy.slack.channel(f"room-{number}", members=[busy.ada]) for number in range(6)]
    roots: list[tuple[str, str, str]] = []

    async def ask(word: str) -> None:
        for room in rooms:
            text = f"{word} in {room}"
            busy.flowise.script("rag", Script(tokens=["so ", "it ", "is"], token_wait=0.3))
            roots.append((room, await busy.ask(f"{busy.mention} {text}", channel=room), text))

    async with AsyncExitStack() as last:
        running = [AsyncExitStack(), AsyncExitStack()]
        for stack in running:
            await stack.enter_async_context(busy.bot(**settings))
        for place in range(2):
            await ask(f"question {place}")
            fresh = AsyncExitStack()
            await fresh.enter_async_context(busy.bot(**settings))
            await running[place].aclose()
            running[place] = fresh
        for stack in running:
            last.push_async_exit(stack)
        await ask("the last question")
        await busy.slack.until(
            lambda: all(len(busy.answers(root, channel=room)) == 1 for room, root, _ in roots) and busy.idle, 30
        )
        await busy.slack.settled()
    asked = sorted(prediction.question for prediction in busy.flowise.predictions)
    assert asked == sorted(text for _, _, text in roots)
    for room, root, _ in roots:
        [answer] = busy.answers(root, channel=room)
        assert answer.split() == ["so", "it", "is"]
