"""Finds and presses what stands under answers in the local Slack."""

from __future__ import annotations

from typing import Any

from bot.playground.sandbox import Sandbox
from bot.playground.slack.delivery import Delivered
from bot.playground.slack.message import Message
from bot.records.thread import BAD, GOOD, said_of
from bot.slack.text.answer_blocks import ANSWER_BUTTONS, RATING

SUGGESTED, RATED = ANSWER_BUTTONS


def suggestions(message: Message) -> list[str]:
    """The labels of the buttons that ask a question."""
    blocks: Any = message.blocks
    return [
        element["text"]["text"]
        for block in blocks
        if block.get("block_id") == SUGGESTED
        for element in block["elements"]
    ]


def rating(message: Message) -> dict[str, str]:
    """What each of the two buttons of a rating sends; empty where there are none."""
    blocks: Any = message.blocks
    found = [block["elements"][0] for block in blocks if block.get("block_id") == RATED]
    values = [element[f"{sign}_button"]["value"] for element in found for sign in ("positive", "negative")]
    return {said_of(value): value for value in values}


async def rate(home: Sandbox, message: Message, *, good: bool, user: str = "", channel: str = "") -> Delivered:
    """A person presses one of the two."""
    chosen = {"type": "feedback_buttons", "value": rating(message)[GOOD if good else BAD]}
    where = {"type": "message", "channel": channel or home.channel, "ts": message.ts}
    return await home.slack.act(user or home.ada, where, RATED, RATING, chosen)


async def idle(home: Sandbox) -> None:
    """Wait until nothing is under way, and everything was delivered."""
    await home.slack.until(lambda: home.idle)
    await home.slack.settled()
    await home.slack.until(lambda: home.idle)
