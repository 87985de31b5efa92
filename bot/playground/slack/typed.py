"""Turns what a person typed into Slack's rich_text block, from the text as it is on the wire."""

from __future__ import annotations

import re

from bot.playground.slack.elements import Block

_ANGLE = re.compile(r"<([^<>|\s][^<>|]*)(?:\|([^<>]*))?>")
_ADDRESS = re.compile(r"(?:https?://|mailto:|tel:)\S+")


def typed_blocks(text: str) -> tuple[Block, ...]:
    """The block of a person's message. Marks like * stay as they are: the composer knows no formatting."""
    elements: list[Block] = []
    end = 0
    for found in _ANGLE.finditer(text):
        element = _element(found.group(1), found.group(2) or "")
        if element is not None:
            elements += [*_words(text[end : found.start()]), element]
            end = found.end()
    elements += _words(text[end:])
    if not elements:
        return ()
    return ({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]},)


def _words(text: str) -> list[Block]:
    shown = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return [{"type": "text", "text": shown}] if shown else []


def _element(target: str, label: str) -> Block | None:
    if re.fullmatch(r"@[UW][A-Z0-9]+", target):
        return {"type": "user", "user_id": target[1:]}
    if re.fullmatch(r"#[CGD][A-Z0-9]+", target):
        return {"type": "channel", "channel_id": target[1:]}
    if re.fullmatch(r"!subteam\^S[A-Z0-9]+", target):
        return {"type": "usergroup", "usergroup_id": target.removeprefix("!subteam^")}
    if target in ("!here", "!channel", "!everyone"):
        return {"type": "broadcast", "range": target[1:]}
    if _ADDRESS.fullmatch(target):
        url = target.replace("&amp;", "&")
        return {"type": "link", "url": url} | ({"text": _words(label)[0]["text"]} if label else {})
    return None
