"""Parses what Slack sends of the Home tab: that it was opened, and what somebody has chosen in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.slack.fields import part, string

_NONE: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class HomeOpened:
    """A person looks at their Home. `channel` is their direct message with the bot."""

    user: str
    channel: str


@dataclass(frozen=True, slots=True)
class HomeChoice:
    """What a person has chosen in a menu: the name of its `action`, the id of its `block`, and the values."""

    user: str
    channel: str
    action: str
    block: str
    values: tuple[str, ...]


def home_opened(event: Mapping[str, object]) -> HomeOpened | None:
    """The person of an `app_home_opened` event; None where they look at another tab."""
    user, channel = string(event, "user"), string(event, "channel")
    return HomeOpened(user, channel) if string(event, "tab") == "home" and user and channel else None


def home_channel(body: Mapping[str, object]) -> str:
    """The direct message of whoever has used their Home, as the view has it; empty for any other payload."""
    view = part(body, "view")
    channel = string(view, "private_metadata") if string(view, "type") == "home" else ""
    return channel if channel.startswith("D") else ""


def home_choice(body: Mapping[str, object]) -> HomeChoice:
    """The first action of a `block_actions` payload that comes from a menu."""
    actions = body.get("actions")
    first = actions[0] if isinstance(actions, list) and actions else None
    action = first if isinstance(first, Mapping) else _NONE
    several = action.get("selected_conversations")
    chosen = several if isinstance(several, list) else [part(action, "selected_option").get("value")]
    return HomeChoice(
        user=string(part(body, "user"), "id"),
        channel=home_channel(body),
        action=string(action, "action_id"),
        block=string(action, "block_id"),
        values=tuple(value for value in chosen if isinstance(value, str)),
    )
