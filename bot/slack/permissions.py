"""Lists the scopes of the bot's token and the events of its app, as both manifests in deploy/ do (a test compares).

The doctor uses this list and reads no manifest: the image holds code only.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope of the bot token.

    `without` says what does not work without it. `noticed`: people in Slack see that; otherwise the bot is just silent.
    """

    name: str
    without: str
    noticed: bool = False


SCOPES: tuple[Scope, ...] = (
    Scope("app_mentions:read", "mentions do not arrive"),
    Scope("channels:history", "follow-ups in public channels do not arrive"),
    Scope("channels:read", "Flowise does not learn the names of channels", noticed=True),
    Scope("chat:write", "nothing can be answered"),
    Scope("commands", "there is no slash command"),
    Scope("files:read", "attached pictures, documents and voice clips are not read", noticed=True),
    Scope("files:write", "neither the rest of a long answer nor what a flow makes is attached", noticed=True),
    Scope("groups:history", "follow-ups in private channels do not arrive"),
    Scope("im:history", "direct messages do not arrive"),
    Scope("mpim:history", "follow-ups in group messages do not arrive"),
    Scope(
        "usergroups:read",
        "Flowise does not learn the names of user groups, and no group in BOT_DECISIONS matches",
        noticed=True,
    ),
    Scope("users:read", "Flowise does not learn the names of people", noticed=True),
)

OF_EMAIL = Scope("users:read.email", "Flowise does not learn people's e-mail addresses", noticed=True)
"""Needed only where a setting has the flow told of them, so it is in no manifest."""

ADD_A_SCOPE = "OAuth & Permissions, Bot Token Scopes, Add an OAuth Scope; then Install App, Reinstall"
"""Where a missing scope is added, on the app's page at Slack."""


def named_in(header: str) -> frozenset[str]:
    """The scopes that Slack lists in the header `x-oauth-scopes` of its answers."""
    return frozenset(name.strip() for name in header.split(","))


def used(*, email: bool) -> tuple[Scope, ...]:
    """The scopes that the bot uses. `email`: a setting wants e-mail addresses."""
    return (*SCOPES, OF_EMAIL) if email else SCOPES


def missing(granted: Container[str], *, email: bool = False) -> tuple[Scope, ...]:
    """The scopes that the bot uses and was not granted; `email` as in `used`."""
    return tuple(scope for scope in used(email=email) if scope.name not in granted)


EVENTS: tuple[str, ...] = (
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "tokens_revoked",
)
"""The events that the app is subscribed to, by their names on Slack's page."""
