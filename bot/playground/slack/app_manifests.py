"""Makes apps from manifests, with an app configuration token, and exchanges such tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from bot.playground.slack.arguments import Args, need, text
from bot.playground.slack.rules import Refusal

CREATE, ROTATE = "apps.manifest.create", "tooling.tokens.rotate"
LASTS = 43_200
"""Seconds that a configuration token is taken (Slack docs, tooling.tokens.rotate)."""

_LONGEST_NAME, _LONGEST_AGENT = 35, 300
# Slack docs, the pages of the events: the scope that each of them needs.
_SCOPE_OF_EVENT = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
}


class AppManifests:
    """The apps that were made. `token` and `refresh_token` are a person's, who has just generated them."""

    def __init__(self, app_id: str, signing_secret: str) -> None:
        self._app_id, self._signing_secret = app_id, signing_secret
        self._spent: set[str] = set()
        self.token, self.refresh_token = _tokens()
        self.created: list[Mapping[str, Any]] = []
        """The manifests of all apps that were made, oldest first."""

    def __contains__(self, method: str) -> bool:
        return method in (CREATE, ROTATE)

    def admit(self, method: str, token: str) -> None:
        """Check the token of a call. Raises Refusal."""
        if method == ROTATE:
            return
        if not token:
            raise Refusal("not_authed")
        if token in self._spent:
            raise Refusal("token_expired")
        if token != self.token:
            raise Refusal("not_allowed_token_type" if token.startswith(("xoxb-", "xapp-")) else "invalid_auth")

    def do(self, method: str, args: Args) -> dict[str, object]:
        """Do the work of a call and return its answer. Raises Refusal."""
        return self._create(args) if method == CREATE else self._rotate(args)

    def _create(self, args: Args) -> dict[str, object]:
        need(args, "manifest")
        try:
            manifest = json.loads(text(args, "manifest"))
        except ValueError:
            raise Refusal("invalid_manifest") from None
        if not isinstance(manifest, dict):
            raise Refusal("invalid_manifest")
        if faults := [{"message": message, "pointer": pointer} for pointer, message in _faults(manifest)]:
            raise Refusal("invalid_manifest", errors=faults)
        self.created.append(manifest)
        scopes = ",".join(manifest["oauth_config"]["scopes"]["bot"])
        return {
            "app_id": self._app_id,
            "credentials": {
                "client_id": "1.2",
                "client_secret": uuid4().hex,
                "verification_token": uuid4().hex,
                "signing_secret": self._signing_secret,
            },
            "oauth_authorize_url": f"https://slack.com/oauth/v2/authorize?client_id=1.2&scope={scopes}",
        }

    def _rotate(self, args: Args) -> dict[str, object]:
        need(args, "refresh_token")
        if text(args, "refresh_token") != self.refresh_token:
            raise Refusal("invalid_refresh_token")
        self._spent.add(self.token)
        self.token, self.refresh_token = _tokens()
        return {"token": self.token, "refresh_token": self.refresh_token, "iat": 0, "exp": LASTS}


def _tokens() -> tuple[str, str]:
    return f"xoxe.xoxp-1-{uuid4().hex}", f"xoxe-1-{uuid4().hex}"


def _faults(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What Slack does not take: where, and why (Slack docs, App manifest reference)."""
    name = manifest.get("display_information", {}).get("name", "")
    if not 1 <= len(name) <= _LONGEST_NAME:
        yield "/display_information/name", f"must have 1 to {_LONGEST_NAME} characters"
    settings, by_socket = manifest.get("settings", {}), manifest.get("settings", {}).get("socket_mode_enabled") is True
    for part in ("event_subscriptions", "interactivity"):
        if not by_socket and not str(settings.get(part, {}).get("request_url", "")).startswith("https://"):
            yield f"/settings/{part}", "requires a Request URL or Socket Mode enabled"
    scopes = manifest.get("oauth_config", {}).get("scopes", {}).get("bot", [])
    for event in settings.get("event_subscriptions", {}).get("bot_events", []):
        if (needed := _SCOPE_OF_EVENT.get(event)) and needed not in scopes:
            yield "/settings/event_subscriptions/bot_events", f"{event} requires the scope {needed}"
    yield from _faults_of_agent(manifest.get("features", {}).get("agent_view"), scopes)
    for number, command in enumerate(manifest.get("features", {}).get("slash_commands", [])):
        if not str(command.get("command", "")).startswith("/"):
            yield f"/features/slash_commands/{number}/command", "must begin with a slash"
        if not by_socket and not str(command.get("url", "")).startswith("https://"):
            yield f"/features/slash_commands/{number}/url", "requires a URL or Socket Mode enabled"
        if "commands" not in scopes:
            yield f"/features/slash_commands/{number}", "requires the scope commands"


def _faults_of_agent(agent: Mapping[str, Any] | None, scopes: Sequence[str]) -> Iterator[tuple[str, str]]:
    if agent is None:
        return
    if not 1 <= len(agent.get("agent_description", "")) <= _LONGEST_AGENT:
        yield "/features/agent_view/agent_description", f"must have 1 to {_LONGEST_AGENT} characters"
    if "assistant:write" not in scopes:
        yield "/features/agent_view", "requires the scope assistant:write"
