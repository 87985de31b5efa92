"""Finds whom a message calls: the people and groups that it mentions outside code, in its text and in its blocks.

Slack sends `app_mention` also for messages in which the bot is only quoted as code, so both events are read alike. What
a block says of somebody goes before the text, in which marks of code can be told less surely.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

USER = re.compile(r"<@([A-Z0-9]+)(?:\|[^<>]*)?>")
CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
"""Code in Slack's own markup; what is not closed is none."""

_GROUP = re.compile(r"<!(?:subteam\^|here|channel|everyone)")
_MARKED_UP = frozenset({"mrkdwn", "markdown"})
_GROUPS = frozenset({"usergroup", "broadcast"})


@dataclass(frozen=True, slots=True)
class Calls:
    """Whom a message calls: user ids, and whether a group or everybody in the channel is among them."""

    users: tuple[str, ...] = ()
    group: bool = False


@dataclass(slots=True)
class _Found:
    """What is found: the users outside and inside code, in order, and whether a group is called."""

    users: dict[str, None] = field(default_factory=dict)
    in_code: set[str] = field(default_factory=set)
    group: bool = False

    def read(self, text: str) -> None:
        for number, piece in enumerate(CODE.split(text)):
            if number % 2:
                self.in_code.update(USER.findall(piece))
            else:
                self.users.update(dict.fromkeys(USER.findall(piece)))
                self.group = self.group or bool(_GROUP.search(piece))


def calls(text: str, blocks: object) -> Calls:
    """Whom a message with this text and these blocks calls."""
    written, shown = _Found(), _Found()
    written.read(text)
    for element, in_code in _elements(blocks):
        _note(element, shown, in_code=in_code)
    quoted = shown.in_code - shown.users.keys()
    users = dict.fromkeys((*shown.users, *(user for user in written.users if user not in quoted)))
    return Calls(tuple(users), written.group or shown.group)


def _note(element: Mapping[str, object], found: _Found, *, in_code: bool) -> None:
    match element:
        case {"type": "user", "user_id": str(user)} if in_code:
            found.in_code.add(user)
        case {"type": "user", "user_id": str(user)}:
            found.users[user] = None
        case {"type": str(kind)} if kind in _GROUPS:
            found.group = found.group or not in_code
        case {"type": str(kind), "text": str(text)} if kind in _MARKED_UP:
            found.read(text)


def _elements(blocks: object) -> Iterator[tuple[Mapping[str, object], bool]]:
    """All objects in blocks, in order, each with whether it stands in code."""
    left: list[tuple[object, bool]] = [(blocks, False)]
    while left:
        value, in_code = left.pop()
        if isinstance(value, list):
            left += [(item, in_code) for item in reversed(value)]
        elif isinstance(value, Mapping):
            style = value.get("style")
            in_code = in_code or value.get("type") == "rich_text_preformatted"
            in_code = in_code or (isinstance(style, Mapping) and style.get("code") is True)
            yield value, in_code
            left += [(item, in_code) for item in reversed(list(value.values())) if isinstance(item, list | Mapping)]
