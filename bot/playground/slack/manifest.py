"""Lists what the app has asked for in its manifest: the events that it is sent, and its slash commands.

A test holds it to the manifest that is deployed.
"""

from __future__ import annotations

from dataclasses import dataclass

SUBSCRIPTIONS = frozenset(
    {
        *("app_home_opened", "app_mention", "app_uninstalled", "tokens_revoked"),
        *("message.channels", "message.groups", "message.im", "message.mpim"),
    }
)

AGENT_SUBSCRIPTIONS = SUBSCRIPTIONS | {"app_context_changed", "agent_session_stopped", "agent_session_title_changed"}
"""The events that an agent is sent."""

MESSAGES = {"channel": "message.channels", "group": "message.groups", "im": "message.im", "mpim": "message.mpim"}
"""The subscription under which messages of each kind of channel are heard."""


@dataclass(frozen=True, slots=True)
class ManifestCommand:
    """A slash command as people find it when they type "/"."""

    command: str
    description: str
    usage_hint: str


COMMANDS = (ManifestCommand("/flowise", "Ask a question", "your question, or help"),)
