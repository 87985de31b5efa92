"""A person stops an answer: by its button, by a word, by deleting the question; the real bot, over the wire."""

from __future__ import annotations

import asyncio

import pytest

from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox
from bot.slack import wording
from bot.thread import StopOutcome

pytestmark = pytest.mark.program

GOES_ON, FORGOTTEN = wording.stopped(StopOutcome.GOES_ON), wording.stopped(StopOutcome.FORGOTTEN)
FINISHED, NOT_ASKED = wording.stopped(StopOutcome.FINISHED), wording.stopped(StopOutcome.NOT_ASKED)


def buttons(home: Sandbox, root: str, channel: str = "") -> list[str]:
    """The `ts` of the bot's messages with the button, in order."""
    thread = home.slack.thread(channel or home.channel, root)
    return [message.ts for message in thread if wording.STOP in message.plain.splitlines()]


async def growing(home: Sandbox, text: str = "why?", *, part: str = "half") -> tuple[str, str]:
    """Ada asks, and sees a part of the answer; the `ts` of the question and of the answer's message."""
    root = await home.ask(f"{home.mention} {text}")
    await home.slack.until(lambda: any(part in answer for answer in home.answers(root)))
    await home.slack.until(lambda: bool(buttons(home, root)))
    return root, buttons(home, root)[-1]


async def test_a_chatflow_that_is_stopped_is_read_on_unseen_and_its_thread_goes_on_in_the_same_chat(
    home: Sandbox,
) -> None:
    held = asyncio.Event()
    home.flowise.script("rag", Script(tokens=["half", " and more"], hold=held, hold_after=1), Script(tokens=["two"]))
    async with home.bot():
        root, ts = await growing(home)
        assert (await home.slack.press(home.ada, home.channel, ts, wording.STOP)).acked
        [answer] = await home.answered(root)
        assert answer == f"half\n{GOES_ON}"
        assert buttons(home, root) == []
        await home.ask("two?", thread_ts=root)
        await home.slack.until(lambda: "was stopped, but isn't over yet" in " ".join(home.answers(root)))
        assert len(home.flowise.predictions) == 1
        held.set()
        assert (await home.answered(root, 2))[1].startswith("two")
    assert len({prediction.chat_id for prediction in home.flowise.predictions}) == 1
    assert home.flowise.collisions == 0
    assert home.slack.violations == []
