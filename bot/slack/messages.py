"""Defines the messages that the bot reads in a thread: those of people, and its own."""

from __future__ import annotations

from dataclasses import dataclass

from bot.slack.text.block import Blocks


@dataclass(frozen=True, slots=True)
class EarlierMessage:
    """A message that stands in a thread, or is quoted in one. `author` is a display name or empty, `text` is plain.
    `is_ours`: the bot itself has written it. `ts` is empty where it is not known."""

    author: str
    text: str
    is_ours: bool = False
    ts: str = ""


@dataclass(frozen=True, slots=True)
class StandingMessage:
    """A message of ours as it stands in Slack, as its JSON gives it: `text` is escaped."""

    text: str
    blocks: Blocks


@dataclass(frozen=True, slots=True)
class Marked:
    """A message of ours as it stands in Slack, with the mark under which it was posted."""

    ts: str
    mark: str
    text: str
