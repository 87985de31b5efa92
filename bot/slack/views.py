"""Builds modals."""

from __future__ import annotations

from bot.slack import wording
from bot.slack.text.block import Blocks


def reading_view(title: str, blocks: Blocks) -> dict[str, object]:
    """A modal that is only read. `title` has at most 24 characters (Slack docs, Modals)."""
    return {"type": "modal", "title": _plain(title), "close": _plain(wording.CLOSE), "blocks": list(blocks)}


def _plain(text: str) -> dict[str, object]:
    return {"type": "plain_text", "text": text, "emoji": False}
