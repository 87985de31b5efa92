"""Defines a message, and what belongs to it, as the local Slack keeps and shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from mimetypes import MimeTypes
from typing import NamedTuple

from bot.playground.slack import plain
from bot.playground.slack.elements import Block

_TYPES = MimeTypes()  # without the machine's own table, which differs from one to the next


def type_of(name: str) -> str:
    """The type of a file of that name."""
    return _TYPES.guess_type(name)[0] or "text/plain"


class Edit(NamedTuple):
    """What a message became, and when by the steady clock."""

    at: float
    text: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class File:
    """A file in Slack. `details` stand in its object beside, or in place of, what is the same for all.

    With `is_stub`, messages give its id alone, as where organisations share a channel.
    """

    id: str
    name: str
    content: bytes
    mimetype: str = "text/plain"
    details: Mapping[str, object] = field(default_factory=dict)
    is_stub: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it stands now; every change makes a new value.

    `thread_ts` is None at top level. `at` is when it was posted, by the steady clock; `edits` are all later changes,
    oldest first. `text` is as the wire has it (`&amp;`, `<@U…>`). `bot_id` and `app_id` are empty for a person's
    message; `to` is the only reader of an ephemeral one. `edited` is the "(edited)" mark: `{"user", "ts"}`. `began` is
    what it was at first, once it has changed. `streaming_state` is "in_progress" or "completed" where it was streamed.
    """

    channel: str
    ts: str
    user: str
    text: str
    at: float
    thread_ts: str | None = None
    blocks: tuple[Block, ...] = ()
    attachments: tuple[Mapping[str, object], ...] = ()
    edits: tuple[Edit, ...] = ()
    metadata: Mapping[str, object] | None = None
    bot_id: str = ""
    app_id: str = ""
    to: str = ""
    edited: Mapping[str, str] | None = None
    files: tuple[File, ...] = ()
    client_msg_id: str = ""
    began: Edit | None = None
    streaming_state: str = ""

    @property
    def plain(self) -> str:
        """The text that a person reads, blocks flattened."""
        return plain.plain(self.text, self.blocks)

    @property
    def body(self) -> str:
        """The answer without what stands around it: the rich_text, table and markdown blocks, else the text."""
        return plain.body(self.text, self.blocks)

    @property
    def root(self) -> str:
        """The `ts` of the thread it stands in or opens."""
        return self.thread_ts or self.ts


@dataclass(frozen=True, slots=True)
class Ping:
    """A message of the app would notify somebody: `target` is an id, "here", "channel", "everyone" or "#name"."""

    channel: str
    ts: str
    target: str


@dataclass(frozen=True, slots=True)
class Preview:
    """Slack would have fetched `url` to show a preview under a message of the app."""

    channel: str
    ts: str
    url: str
