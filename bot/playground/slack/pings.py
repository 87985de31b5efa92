"""Finds what in a message is live: whom it would notify, and which addresses Slack would fetch to preview."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.playground.slack.blocks import objects
from bot.playground.slack.elements import Block

_LIVE = re.compile(r"<(?:@([UW][A-Z0-9]+)|!(here|channel|everyone)|!subteam\^(S[A-Z0-9]+))(?:\|[^<>]*)?>")
_BARE = re.compile(r"(?<![\w@/.<!])@(here|channel|everyone)\b")
_NAMED = re.compile(r"(?<![\w#&/<])#([a-z0-9][a-z0-9_-]{0,79})")
# In Markdown, an address in code is no link.
_CODE = re.compile(
    r"^ *(?P<fence>`{3,}|~{3,}).*?(?:^ *(?P=fence)|\Z)|\\.|(?P<ticks>`+).+?(?<!`)(?P=ticks)(?!`)",
    re.MULTILINE | re.DOTALL,
)
_URL = re.compile(r"https?://[^\s|<>\"')\]]+")


def pings(
    text: str, blocks: Sequence[Block], attachments: object, channels: frozenset[str], *, parse: bool
) -> list[str]:
    """Whom a message would notify or call by name, in order.

    Gives user ids, group ids, "here", "channel", "everyone", and "#name" for a channel of `channels` that becomes a
    live link. Text objects in blocks are auto-parsed unless they say `verbatim`; top-level text only counts where
    there are no blocks, and is auto-parsed only with `parse` (Slack docs, Formatting message text). Markdown counts
    as live too: Slack does not say that its renderer leaves mentions alone. So does what stands in backticks.
    """
    found: list[str] = []
    if not blocks:
        found += _in_text(text, channels if parse else None)
    for item in objects(blocks):
        found += _in_object(item, channels)
    for item in objects(attachments):
        found += [name for value in item.values() if isinstance(value, str) for name in _in_text(value, channels)]
    return found


def urls(text: str, blocks: Sequence[Block]) -> list[str]:
    """The addresses that Slack would unfurl."""
    if not blocks:
        return _URL.findall(text)
    return [url for item in objects(blocks) for url in _urls_in(item)]


def _urls_in(item: Block) -> Iterator[str]:
    if item.get("type") == "link":
        yield str(item.get("url", ""))
    elif item.get("type") == "mrkdwn":
        yield from _URL.findall(str(item.get("text", "")))
    elif item.get("type") == "markdown":
        yield from _URL.findall(_CODE.sub("", str(item.get("text", ""))))


def _in_object(item: Block, channels: frozenset[str]) -> list[str]:
    match item:
        case {"type": "mrkdwn", "text": str(text)}:
            return _in_text(text, None if item.get("verbatim") is True else channels)
        case {"type": "markdown", "text": str(text)}:
            return _in_text(text, channels)
        case {"type": "user", "user_id": str(target)}:
            return [target]
        case {"type": "usergroup", "usergroup_id": str(target)}:
            return [target]
        case {"type": "broadcast", "range": str(target)}:
            return [target]
    return []


def _in_text(text: str, channels: frozenset[str] | None) -> list[str]:
    """`channels` None: bare names are not auto-parsed."""
    found = [next(filter(None, match)) for match in _LIVE.findall(text)]
    if channels is not None:
        bare = _LIVE.sub("", text)
        found += _BARE.findall(bare)
        found += [f"#{name}" for name in _NAMED.findall(bare) if name in channels]
    return found


def mentions(text: str, user: str) -> bool:
    """Whether a person's message mentions `user`."""
    return bool(re.search(rf"<@{re.escape(user)}(?:\|[^<>]*)?>", text))
