"""People who ask much wait for themselves alone: over the wire, with two replicas."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox
from bot.slack import wording_of_limits
from bot.slack.text.moments import without_moments
from bot.store.connections import connect
from tests.handlers.offered import idle
from tests.handlers.test_access import configured

pytestmark = pytest.mark.program

OTHERS = ("bob", "cleo", "dan", "eva")
FLOOD = 30


def asked(home: Sandbox) -> list[str]:
    """What the flow was asked, in order."""
    return [str(prediction.question).split("\n")[-1] for prediction in home.flowise.predictions]


def counted(home: Sandbox) -> int:
    """How many answers share the write budget."""
    workspaces = [workspace for bot in home.bots for workspace in bot._registry or ()]
    return sum(workspace.governor._shared_counts.report().counts.editing for workspace in workspaces)


async def test_nobody_waits_for_one_who_asks_thirty_questions_in_as_many_threads(home: Sandbox, tmp_path: Path) -> None:
    others = {name: home.slack.user(name) for name in OTHERS}
    rooms = {name: home.slack.channel(f"room-{name}", members=[user]) for name, user in others.items()}
    home.slack.invite(home.ada, home.channel, others["bob"])
    go_on = asyncio.Event()
    home.flowise.script(home.flowise.chatflow_id, *[Script(tokens=["one"], hold=go_on) for _ in range(2)])
    file = configured(tmp_path, "[fairness]\nat_once_per_person = 2")
    async with home.bot(bot_config=file, bot_most_predictions=3), home.bot(bot_config=file, bot_most_predictions=3):
        roots = await asyncio.gather(*(home.ask(f"{home.mention} flood {number}") for number in range(FLOOD)))
        await home.slack.until(lambda: len(asked(home)) == 2)
        asking = [home.ask(f"{home.mention} {name}", channel=rooms[name], user=others[name]) for name in OTHERS]
        await asyncio.gather(*asking)
        # In one of the threads in which a question of ada's waits for others of hers, too.
        waits = next(root for number, root in enumerate(roots) if f"flood {number}" not in asked(home))
        await home.ask(f"{home.mention} bob again", user=others["bob"], thread_ts=waits)
        await home.slack.until(lambda: len(asked(home)) == 2 + len(OTHERS) + 1, 20)
        assert sorted(asked(home)[2:]) == [*sorted(["bob again", *OTHERS])]
        # What waits for others of its asker takes nothing of what all those share who write.
        await home.slack.until(lambda: counted(home) == 2)
        go_on.set()
        await home.slack.until(lambda: all(home.answers(root) for root in roots) and home.idle, 60)
    assert sorted(asked(home)) == sorted([*(f"flood {number}" for number in range(FLOOD)), "bob again", *OTHERS])


async def age(client: Redis, kind: str, seconds: float) -> None:
    """Make all that was asked so much older."""
    async for key in client.scan_iter(match=f"*:{kind}:*"):
        kept: Any = await client.zrange(key, 0, -1, withscores=True)
        await client.zadd(key, {reference: asked_at - seconds * 1000 for reference, asked_at in kept})


async def test_over_the_limit_a_sentence_says_when_to_ask_again_to_each_reader_in_their_zone(
    home: Sandbox, own_redis: str, tmp_path: Path
) -> None:
    bob = home.slack.user("bob")
    home.slack.invite(home.ada, home.channel, bob)
    rules = '[fairness]\nquestions_per_person = "2/hour"\nquestions_per_channel = "4/day"'
    file, client = configured(tmp_path, rules), connect(own_redis)
    async with home.bot(bot_config=file), home.bot(bot_config=file):
        for word in ("one", "two"):
            await home.answered(await home.ask(f"{home.mention} {word}"))
        over = await home.ask(f"{home.mention} three")
        [told] = await home.answered(over)
        [blocks] = [message.blocks for message in home.slack.thread(home.channel, over)[1:]]
        for word in ("four", "five"):
            await home.answered(await home.ask(f"{home.mention} {word}", user=bob))
        full = await home.ask(f"{home.mention} six", user=bob)
        [both] = await home.answered(full)
        assert asked(home) == ["one", "two", "four", "five"]
        # An hour later, the channel is still full.
        await age(client, "person", 3_600)
        [there] = await home.answered(await home.ask(f"{home.mention} seven"))
        await idle(home)
    await client.aclose()
    moment: Any = next(element for element in blocks[0]["elements"][0]["elements"] if element["type"] == "date")  # type: ignore[index]
    within = moment["timestamp"] - float(over)
    assert 3_500 < within <= 3_660
    assert told == without_moments(wording_of_limits.person_limit(moment["timestamp"]))
    assert there.startswith("I've been asked as much here")
    assert "as much here" in both  # of two limits, the one that lasts longer is told
    assert len(home.flowise.predictions) == 4


async def test_a_question_over_the_limit_waits_a_little_and_is_in_nobody_s_way(
    home: Sandbox, own_redis: str, tmp_path: Path
) -> None:
    bob = home.slack.user("bob")
    home.slack.invite(home.ada, home.channel, bob)
    file, client = configured(tmp_path, '[fairness]\nquestions_per_person = "1/minute"'), connect(own_redis)
    async with home.bot(bot_config=file), home.bot(bot_config=file):
        root = await home.ask(f"{home.mention} one")
        await home.answered(root)
        await age(client, "person", 57)
        await home.ask("two", thread_ts=root)
        await home.slack.until(lambda: home.answers(root)[-1] == wording_of_limits.SOON)
        await home.ask("and mine?", thread_ts=root, user=bob)
        await home.slack.until(lambda: len(asked(home)) == 3 and home.idle, 20)
    await client.aclose()
    assert asked(home) == ["one", "and mine?", "two"]
    assert not any(wording_of_limits.SOON in answer for answer in home.answers(root))
