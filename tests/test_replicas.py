"""Two bots on one Redis: what Slack sends to either is answered once, in order, and outlives the death of one."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox, sandbox
from bot.slack import wording
from tests.replica import SHORT, replica

pytestmark = pytest.mark.program


@pytest.fixture
async def busy(own_redis: str) -> AsyncIterator[Sandbox]:
    """A house whose Slack takes as much as twenty channels' worth."""
    async with sandbox(own_redis, tokens_per_second=math.inf, scale=20) as built:
        yield built


async def test_twenty_mentions_and_their_twins_are_answered_once_each(busy: Sandbox) -> None:
    async with busy.bot(bot_stop_grace=2), busy.bot(bot_stop_grace=2):
        # In ten channels, for Slack takes one post a second in each.
        rooms = [busy.slack.channel(f"room-{number % 10}", members=[busy.ada]) for number in range(20)]
        asks = [busy.ask(f"{busy.mention} question {number}", channel=room) for number, room in enumerate(rooms)]
        roots = [(room, await ask) for room, ask in zip(rooms, asks, strict=True)]
        await busy.slack.until(
            lambda: all(len(busy.answers(root, channel=room)) == 1 for room, root in roots) and busy.idle, 30
        )
        await busy.slack.settled()
        last = await busy.ask(f"{busy.mention} the last")
        await busy.answered(last)
    asked = sorted(prediction.question for prediction in busy.flowise.predictions)
    assert asked == sorted([*(f"question {number}" for number in range(20)), "the last"])
    for number, (room, root) in enumerate(roots):
        [answer] = busy.answers(root, channel=room)
        assert f"question {number}" in answer
    assert len({prediction.chat_id for prediction in busy.flowise.predictions}) == 21
    assert busy.slack.violations == []
    assert busy.slack.pings == []


async def test_follow_ups_of_one_thread_are_answered_in_order_whoever_hears_them(busy: Sandbox) -> None:
    held = asyncio.Event()
    busy.flowise.script("rag", Script(tokens=["an answer"]), Script(tokens=["one", " done"], hold=held, hold_after=1))
    async with busy.bot(bot_stop_grace=2), busy.bot(bot_stop_grace=2):
        root = await busy.ask(f"{busy.mention} hello")
        await busy.answered(root)
        await busy.ask("one", thread_ts=root)
        await busy.slack.until(lambda: busy.answers(root)[1:] == ["one"])
        for text in ("two", "three", "four"):
            await busy.ask(text, thread_ts=root)
        waiting = [wording.queued(before, busy=False) for before in (1, 2, 3)]
        await busy.slack.until(lambda: busy.answers(root)[2:] == waiting)
        assert all(bot.under_way for bot in busy.bots)  # the sockets take turns: each has heard some of them
        assert [prediction.question for prediction in busy.flowise.predictions] == ["hello", "one"]
        held.set()
        answers = await busy.answered(root, 5, timeout=20)
    predictions = busy.flowise.predictions
    assert [prediction.question for prediction in predictions] == ["hello", "one", "two", "three", "four"]
    assert {prediction.chat_id for prediction in predictions} == {predictions[0].chat_id}
    for earlier, later in pairwise(predictions):
        assert earlier.ended is not None
        assert earlier.ended <= later.at
    assert not set(waiting) & set(answers)
    assert busy.flowise.collisions == 0


async def test_a_thread_whose_replica_was_killed_is_taken_over(home: Sandbox, tmp_path: Path) -> None:
    home.durations = SHORT
    home.flowise.script(
        "rag", Script(tokens=["half", " of", " it"], token_wait=0.8, hold=asyncio.Event(), hold_after=2)
    )
    async with replica(home, tmp_path) as process:
        root = await home.ask(f"{home.mention} one")
        await home.slack.until(lambda: home.answers(root) == ["half of"])  # by then "half" is noted
        process.kill()
        await process.wait()
    await home.slack.until(lambda: home.slack.sockets == 0)
    async with home.bot(flowise_left_run_wait=2):
        # Without a key nobody can know what Flowise has stored.
        await home.slack.until(lambda: "I was restarted" in home.answers(root)[0] and home.idle, 15)
        assert home.answers(root)[0].startswith("half")
        await home.ask("two", thread_ts=root)
        await home.slack.until(lambda: len(home.answers(root)) >= 2 and not home.growing(root), 15)
    one, two = home.flowise.predictions
    assert one.question == "one"
    assert two.question.endswith("two")
    assert one.chat_id != two.chat_id  # one's run goes on, and would mix with two's
    assert wording.NOT_REMEMBERED_BEFORE not in home.answers(root)[-1]  # nothing was answered before
    assert home.flowise.collisions == 0
    assert home.slack.violations == []
