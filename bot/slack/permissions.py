"""Lists the scopes of the bot's token and the events of its app, as the manifests in deploy/ do (a test compares).

The doctor uses this list and reads no manifest: the image holds code only.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope of the bot token.

    `use` says what it is for, `without` what does not work without it. `noticed`: people in Slack see that; otherwise
    the bot is just silent.
    """

    name: str
    use: str
    without: str
    noticed: bool = False


SCOPES: tuple[Scope, ...] = (
    Scope("app_mentions:read", "to get the messages that mention it", "mentions do not arrive"),
    Scope(
        "channels:history",
        "to get what is written in public channels that it was invited into: it takes what is said in its threads",
        "follow-ups in public channels do not arrive",
    ),
    Scope(
        "channels:read",
        "to name public channels that a question mentions",
        "Flowise does not learn the names of channels",
        noticed=True,
    ),
    Scope("chat:write", "to write, change and delete its own messages", "nothing can be answered"),
    Scope("commands", "for its slash command", "there is no slash command"),
    Scope(
        "files:read",
        "to read the files that come with a question",
        "attached pictures, documents and voice clips are not read",
        noticed=True,
    ),
    Scope(
        "files:write",
        "to attach the rest of a long answer, and what a flow makes",
        "neither the rest of a long answer nor what a flow makes is attached",
        noticed=True,
    ),
    Scope(
        "groups:history",
        "the same as channels:history in private channels",
        "follow-ups in private channels do not arrive",
    ),
    Scope("im:history", "to get direct messages to it", "direct messages do not arrive"),
    Scope(
        "mpim:history",
        "the same as channels:history in group messages",
        "follow-ups in group messages do not arrive",
    ),
    Scope(
        "usergroups:read",
        "to name groups that a question mentions, and to see who is in one that may ask or decide",
        "Flowise does not learn the names of user groups, no group in BOT_DECISIONS matches, and a rule with groups in "
        "[access] refuses everybody that nothing else decides about",
        noticed=True,
    ),
    Scope(
        "users:read",
        "to name people in what goes to Flowise, and to tell guests and bots from others",
        "Flowise does not learn the names of people",
        noticed=True,
    ),
)

OF_EMAIL = Scope(
    "users:read.email",
    "only where a setting has the flow told of addresses; you add it yourself",
    "Flowise does not learn people's e-mail addresses",
    noticed=True,
)
"""Needed only where a setting has the flow told of them, so it is in no manifest."""

OF_AGENT = Scope(
    "assistant:write",
    "only where BOT_AGENT_VIEW is true: to show the flow's starter prompts in its pane",
    "the pane shows no starter prompts",
    noticed=True,
)
"""Needed only by an app that is an agent."""

ADD_A_SCOPE = "OAuth & Permissions, Bot Token Scopes, Add an OAuth Scope; then Install App, Reinstall"
"""Where a missing scope is added, on the app's page at Slack."""


def named_in(header: str) -> frozenset[str]:
    """The scopes that Slack lists in the header `x-oauth-scopes` of its answers."""
    return frozenset(name.strip() for name in header.split(","))


def used(*, email: bool = False, agent: bool = False) -> tuple[Scope, ...]:
    """The scopes that the bot uses. `email`: a setting wants e-mail addresses; `agent`: the app is an agent."""
    return (*SCOPES, *((OF_EMAIL,) if email else ()), *((OF_AGENT,) if agent else ()))


def missing(granted: Container[str], *, email: bool = False, agent: bool = False) -> tuple[Scope, ...]:
    """The scopes that the bot uses and was not granted; `email` and `agent` as in `used`."""
    return tuple(scope for scope in used(email=email, agent=agent) if scope.name not in granted)


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

_EVENTS_OF_AGENT = ("agent_session_stopped", "agent_session_title_changed", "app_context_changed")


def events(*, agent: bool = False) -> tuple[str, ...]:
    """The events that the app is subscribed to, in order; `agent`: it is an agent."""
    return tuple(sorted({*EVENTS, *_EVENTS_OF_AGENT})) if agent else EVENTS
