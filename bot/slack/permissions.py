"""Knows what the bot asks of Slack: the scopes of its token and the events of its app, as both manifests in deploy/
have them (a test compares)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope of the bot token. `without` is what is missing without it; `told` says that people in Slack are then
    told or shown as much, where else the bot would just be silent."""

    name: str
    without: str
    told: bool = False


SCOPES: tuple[Scope, ...] = (
    Scope("app_mentions:read", "mentions are not heard"),
    Scope("channels:history", "follow-ups in public channels are not heard"),
    Scope("chat:write", "nothing can be answered"),
    Scope("commands", "there is no slash command"),
    Scope("files:write", "the rest of a long answer is not attached", told=True),
    Scope("groups:history", "follow-ups in private channels are not heard"),
    Scope("im:history", "direct messages are not heard"),
    Scope("mpim:history", "follow-ups in group messages are not heard"),
    Scope("users:read", "Flowise does not learn the names of people", told=True),
)

EVENTS: tuple[str, ...] = (
    "app_mention",
    "app_uninstalled",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "tokens_revoked",
)
"""What the app is subscribed to, by the names that Slack's page has."""
