"""Lists the scopes of the bot's token and the events of its app, as both manifests in deploy/ do (a test compares).

The doctor uses this list and reads no manifest: the image holds code only.
"""

from __future__ import annotations

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
    Scope("files:write", "the rest of a long answer is not attached", noticed=True),
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

EVENTS: tuple[str, ...] = (
    "app_mention",
    "app_uninstalled",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "tokens_revoked",
)
"""The events that the app is subscribed to, by their names on Slack's page."""
