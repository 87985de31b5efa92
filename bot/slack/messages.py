"""Defines the messages that the bot reads in a thread: those of people, and its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EarlierMessage:
    """A message that stands in a Slack thread. `author` is a display name, `text` is plain."""

    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Marked:
    """A message of ours as it stands in Slack, with the mark under which it was posted."""

    ts: str
    mark: str
    text: str
