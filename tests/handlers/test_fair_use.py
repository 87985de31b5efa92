"""People who ask much wait for themselves alone: over the wire, with two replicas."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox
from tests.handlers.test_access import configured

pytestmark = pytest.mark.program

OTHERS = ("bob", "cleo", "dan", "eva")
FLOOD = 30


def asked(home: Sandbox) -> list[str]:
    """What the flow was asked, in order."""
    return [str(prediction.question).split("\n")[-1] for prediction in home.flowise.predictions]


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
        theirs = dict(zip(OTHERS, await asyncio.gather(*asking), strict=True))
        # In one of the threads in which a question of ada's waits for others of hers, too.
        waits = next(root for number, root in enumerate(roots) if f"flood {number}" not in asked(home))
        await home.ask(f"{home.mention} bob again", user=others["bob"], thread_ts=waits)
        await home.slack.until(
            lambda: all(home.answers(root, channel=rooms[name]) for name, root in theirs.items()), 20
        )
        await home.slack.until(lambda: "bob again" in asked(home))
        assert sorted(asked(home)[2:]) == [*sorted(["bob again", *OTHERS])]
        go_on.set()
        await home.slack.until(lambda: all(home.answers(root) for root in roots) and home.idle, 60)
    assert sorted(asked(home)) == sorted([*(f"flood {number}" for number in range(FLOOD)), "bob again", *OTHERS])
