"""Checks what a message may hold, and refuses it with Slack's error word."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.playground.slack import blocks as block_rules
from bot.playground.slack.elements import Block
from bot.playground.slack.message import Message
from bot.playground.slack.shapes import ShapeFault

MOST_POSTED = 40_000
MOST_UPDATED = 4_000
MOST_MARKDOWN_TEXT = 12_000
MOST_ATTACHMENTS = 100


class Refusal(Exception):
    """Slack says no. `word` is its error word; `details` are the lines of `response_metadata.messages`."""

    def __init__(self, word: str, *details: str, **extra: object) -> None:
        super().__init__(word)
        self.word = word
        self.details = details
        self.extra = extra


@dataclass(frozen=True, slots=True)
class Draft:
    """What a call would make of a message. None: the call does not say."""

    text: str | None
    blocks: tuple[Block, ...] | None
    attachments: tuple[Mapping[str, object], ...] | None
    metadata: Mapping[str, object] | None


def draft(args: Mapping[str, object]) -> Draft:
    """Read a message out of the arguments of a call.

    Raises:
        Refusal: an argument is not of its form, or two exclude one another.
    """
    text, markdown = args.get("text"), args.get("markdown_text")
    blocks = _array(args.get("blocks"), "invalid_blocks_format")
    attachments = _array(args.get("attachments"), "invalid_attachments")
    if markdown:
        if text or blocks:
            raise Refusal("markdown_text_conflict")
        if len(str(markdown)) > MOST_MARKDOWN_TEXT:
            raise Refusal("msg_too_long")
        text, blocks = str(markdown), ({"type": "markdown", "text": str(markdown)},)
    if len(attachments or ()) > MOST_ATTACHMENTS:
        raise Refusal("too_many_attachments")
    return Draft(None if text is None else str(text), blocks, attachments, metadata(args.get("metadata")))


def _array(value: object, word: str) -> tuple[Mapping[str, object], ...] | None:
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except ValueError:
            raise Refusal(word) from None
    if value is None or value == "":
        return None
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(b, Mapping) for b in value):
        raise Refusal(word)
    return tuple(value)


def metadata(value: object) -> Mapping[str, object] | None:
    """Read a message's metadata.

    Raises:
        Refusal: it is not an object with `event_type` and `event_payload`.
    """
    match value:
        case None | "":
            return None
        case {"event_type": str(kind), "event_payload": Mapping()} if kind and isinstance(value, Mapping):
            return value
    raise Refusal("invalid_metadata_format")


def check_blocks(blocks: Sequence[Block], *, total: bool = True) -> None:
    """Raises Refusal where Slack would not take the blocks. `total` False leaves out the limit on all text together:
    posts to a response URL were seen to pass it (slackapi/bolt-js#2867)."""
    if len(blocks) > block_rules.MOST_BLOCKS:
        raise Refusal("msg_blocks_too_many")
    try:
        block_rules.check_blocks(blocks)
    except ShapeFault as fault:
        raise Refusal("invalid_blocks", str(fault)) from None
    if total and block_rules.length(blocks) > block_rules.MOST_TEXT:
        raise Refusal("msg_blocks_too_long")


def check_post(new: Draft, *, total: bool = True) -> None:
    """Raises Refusal where Slack would not post the draft. A text over 40,000 characters is cut, not refused."""
    check_blocks(new.blocks or (), total=total)
    if not (new.text or "").strip() and not new.blocks and not new.attachments:
        raise Refusal("no_text")


def check_update(new: Draft, old: Message) -> None:
    """Raises Refusal where Slack would not let the draft take the place of an earlier message of the app."""
    if new.text is not None and len(new.text) > MOST_UPDATED:
        raise Refusal("msg_too_long")
    check_blocks(new.blocks or ())
    if new.text is None and new.blocks is None and new.attachments is None and new.metadata is None:
        raise Refusal("no_text")
    text = old.text if new.text is None else new.text
    if not text.strip() and not new.blocks and not new.attachments:
        raise Refusal("no_text")
    began_rich = bool(old.blocks) and old.blocks[0].get("type") == "rich_text"
    if began_rich and new.blocks and new.blocks[0].get("type") != "rich_text":
        raise Refusal("block_mismatch")
