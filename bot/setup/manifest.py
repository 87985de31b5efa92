"""Makes the manifest of the Slack app for what was chosen, and the link that opens Slack's dialog with it; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from bot.slack.permissions import events, used

LONGEST_NAME = 35
"""Characters of `display_information.name` (Slack docs, App manifest reference)."""

EVENTS_PATH = "/slack/events"

_DESCRIPTION = "Answers questions in channels, threads and direct messages"
_OF_FILES = frozenset({"files:read", "files:write"})


@dataclass(frozen=True, slots=True)
class App:
    """What the app is to have.

    Attributes:
        name: the app's name and that of its bot.
        command: the slash command with its slash.
        files: whether people may attach files, and the rest of a long answer is attached as one.
        host: the https address at which Slack reaches the bot, without a path; empty for Socket Mode.
        agent: whether it is an agent of Slack's: with threads in its Messages tab, which guests cannot use.
    """

    name: str = "Flowise"
    command: str = "/flowise"
    files: bool = True
    host: str = ""
    agent: bool = False

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes of the bot token, in order."""
        left_out = frozenset() if self.files else _OF_FILES
        return tuple(sorted({scope.name for scope in used(agent=self.agent)} - left_out))


def manifest(app: App) -> dict[str, object]:
    """The app's manifest, as Slack's dialog and `apps.manifest.create` take it."""
    address = {"request_url": f"{app.host}{EVENTS_PATH}"} if app.host else {}
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": app.name,
            "description": _DESCRIPTION,
            "background_color": "#1f2a44",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            **({"agent_view": {"agent_description": _DESCRIPTION}} if app.agent else {}),
            "bot_user": {"display_name": app.name, "always_online": True},
            "slash_commands": [_command(app)],
        },
        "oauth_config": {"scopes": {"bot": list(app.scopes)}},
        "settings": {
            "event_subscriptions": {**address, "bot_events": list(events(agent=app.agent))},
            "interactivity": {"is_enabled": True, **address},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not app.host,
            "token_rotation_enabled": False,
        },
    }


def _command(app: App) -> dict[str, object]:
    return {
        "command": app.command,
        **({"url": f"{app.host}{EVENTS_PATH}"} if app.host else {}),
        "description": "Ask a question",
        "usage_hint": "your question, or help",
        "should_escape": True,
    }


def as_json(content: Mapping[str, object]) -> str:
    """A manifest as the text of a file."""
    return json.dumps(content, indent=2) + "\n"


def link(content: Mapping[str, object]) -> str:
    """The address that opens Slack's dialog for a new app with the manifest filled in."""
    text = quote(json.dumps(content, separators=(",", ":")), safe="")
    return f"https://api.slack.com/apps?new_app=1&manifest_json={text}"


def app_name(value: str) -> str:
    """The name as Slack takes it. Raises ValueError: it does not."""
    value = value.strip()
    if not 1 <= len(value) <= LONGEST_NAME or not value.isprintable():
        raise ValueError(f"expected a name of at most {LONGEST_NAME} characters")
    return value


def public_host(value: str) -> str:
    """The address at which Slack reaches the bot, without a path. Raises ValueError: it cannot be one."""
    parts = urlsplit(value if "://" in value else f"https://{value}")
    path = parts.path.rstrip("/").removesuffix(EVENTS_PATH)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.query or parts.fragment or path:
        raise ValueError(
            "expected an address that begins with https://, without a path, such as https://bot.example.com"
        )
    return f"https://{parts.netloc}"
