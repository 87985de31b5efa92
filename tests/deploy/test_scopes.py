"""The manifests ask for exactly what the code uses: the scopes of its calls, the events it listens to, its command."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings.settings import Settings
from bot.slack.permissions import OF_AGENT, events, used

ROOT = Path(__file__).parents[2]
MANIFESTS = sorted((ROOT / "deploy").glob("slack-manifest*.json"))
SOURCES = sorted(path for room in ("bot", "handlers") for path in (ROOT / room).rglob("*.py"))
OURS = [path for path in SOURCES if not {"playground", "store", "flowise"} & set(path.parts)]

HISTORY = frozenset({"channels:history", "groups:history", "im:history", "mpim:history"})
# What each method needs with a bot token (Slack docs, the page of each method).
SCOPES_OF_METHOD: dict[str, frozenset[str]] = {
    "apps.connections.open": frozenset(),  # the app-level token's connections:write
    "apps.manifest.create": frozenset(),  # the set-up's, with an app configuration token
    "agents.sessions.setStatus": frozenset({"chat:write"}),
    "assistant.threads.setStatus": frozenset({"chat:write"}),
    "assistant.threads.setSuggestedPrompts": frozenset({"assistant:write"}),
    "auth.test": frozenset(),
    "bots.info": frozenset({"users:read"}),  # the doctor's
    "chat.appendStream": frozenset({"chat:write"}),
    "chat.delete": frozenset({"chat:write"}),
    "chat.postEphemeral": frozenset({"chat:write"}),
    "chat.postMessage": frozenset({"chat:write"}),
    "chat.startStream": frozenset({"chat:write"}),
    "chat.stopStream": frozenset({"chat:write"}),
    "chat.update": frozenset({"chat:write"}),
    "conversations.history": HISTORY,
    # Of public channels alone; the others' scopes are not asked for, as their names are not told (bot/slack/names.py).
    "conversations.info": frozenset({"channels:read"}),
    # Certify's, of public channels alone.
    "conversations.members": frozenset({"channels:read"}),
    "conversations.replies": HISTORY,
    "files.completeUploadExternal": frozenset({"files:write"}),
    "files.delete": frozenset({"files:write"}),  # certify's
    "files.getUploadURLExternal": frozenset({"files:write"}),
    "files.info": frozenset({"files:read"}),
    "tooling.tokens.rotate": frozenset(),  # the set-up's, without a token
    "usergroups.list": frozenset({"usergroups:read"}),
    "usergroups.users.list": frozenset({"usergroups:read"}),
    "users.conversations": frozenset({"channels:read"}),  # the set-up's: of public channels alone
    "users.info": frozenset({"users:read"}),
    "views.open": frozenset(),  # a trigger that Slack has just given is leave enough
    "views.publish": frozenset(),
}
# What each event needs, if anything, and under which names one subscribes to it (Slack docs, the page of each event).
SUBSCRIPTIONS: dict[str, dict[str, str]] = {
    "agent_session_stopped": {"agent_session_stopped": ""},
    "agent_session_title_changed": {"agent_session_title_changed": ""},
    "app_context_changed": {"app_context_changed": ""},
    "app_home_opened": {"app_home_opened": ""},
    "app_mention": {"app_mention": "app_mentions:read"},
    "app_uninstalled": {"app_uninstalled": ""},
    "tokens_revoked": {"tokens_revoked": ""},
    "message": {
        "message.channels": "channels:history",
        "message.groups": "groups:history",
        "message.im": "im:history",
        "message.mpim": "mpim:history",
    },
}
# The families of Slack's Web API: a string of this shape is one of its methods, unless it is a file's name.
METHOD = re.compile(
    r"(admin|agents|api|apps|assistant|auth|blocks|bookmarks|bots|calls|canvases|chat|conversations|dnd|emoji|files|"
    r"oauth|openid|pins|reactions|reminders|search|stars|team|tooling|usergroups|users|views|workflows)(\.(?!json\b)[a-z][A-Za-z]+)+"
)

SDK = frozenset(name for name in dir(AsyncWebClient) if "_" in name.strip("_")) - {"api_call"}


@cache
def nodes() -> list[ast.AST]:
    return [node for path in OURS for node in ast.walk(ast.parse(path.read_text("utf-8")))]


def methods_called() -> set[str]:
    """By their names as strings, and by slack_sdk's: `web.apps_connections_open(…)`."""
    found = set()
    for node in nodes():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SDK:
            found.add(node.func.attr.replace("_", "."))
    return set(filter(METHOD.fullmatch, found))


def listened_to(kind: str) -> list[ast.Call]:
    """The registrations `app.<kind>(…)` of the handlers."""
    return [
        node
        for node in nodes()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == kind
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "app"
    ]


def events_heard() -> set[str]:
    return {ast.literal_eval(argument) for call in listened_to("event") for argument in call.args}


def loaded(path: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return manifest


def is_agent(path: Path) -> bool:
    return "agent_view" in loaded(path)["features"]


def test_the_methods_are_found_and_known() -> None:
    assert methods_called() == SCOPES_OF_METHOD.keys()


def test_there_are_three_manifests() -> None:
    names = ["slack-manifest.agent.json", "slack-manifest.http.json", "slack-manifest.json"]
    assert [path.name for path in MANIFESTS] == names


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_the_scopes_are_those_of_the_calls_the_events_and_the_command(path: Path) -> None:
    needed = {scope for method in methods_called() for scope in SCOPES_OF_METHOD[method]}
    needed |= {scope for event in events_heard() for scope in SUBSCRIPTIONS[event].values()} - {""}
    if listened_to("command"):
        needed.add("commands")
    assert set(loaded(path)["oauth_config"]["scopes"]["bot"]) == needed - (set() if is_agent(path) else {OF_AGENT.name})


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_the_events_are_those_that_are_listened_to(path: Path) -> None:
    heard = {name for event in events_heard() for name in SUBSCRIPTIONS[event]}
    of_agents = set(events(agent=True)) - set(events())
    assert heard - (set() if is_agent(path) else of_agents) == set(
        loaded(path)["settings"]["event_subscriptions"]["bot_events"]
    )


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_the_bot_knows_what_it_asks_for(path: Path) -> None:
    manifest = loaded(path)
    known = sorted(scope.name for scope in used(agent=is_agent(path)))
    assert known == sorted(manifest["oauth_config"]["scopes"]["bot"])
    assert list(events(agent=is_agent(path))) == sorted(manifest["settings"]["event_subscriptions"]["bot_events"])


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_the_command_is_the_setting_s_default(path: Path) -> None:
    commands = [command["command"] for command in loaded(path)["features"]["slash_commands"]]
    assert commands == [Settings.model_fields["slack_command"].default]
