"""Checks that Slack takes our app manifests, which differ in nothing but their transport and what agents have."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
SCHEMA = DEPLOY / "schemas" / "slack-manifest.schema.json"
SOCKET_MODE = DEPLOY / "slack-manifest.json"
HTTP = DEPLOY / "slack-manifest.http.json"
AGENT = DEPLOY / "slack-manifest.agent.json"


def check(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def loaded(path: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(path.read_text())
    return manifest


@pytest.mark.program
def test_all_manifests_are_valid() -> None:
    done = check("--schemafile", SCHEMA, SOCKET_MODE, HTTP, AGENT)
    assert done.returncode == 0, done.stdout


@pytest.mark.program
def test_the_schema_is_a_schema() -> None:
    done = check("--check-metaschema", SCHEMA)
    assert done.returncode == 0, done.stdout


def long_name(manifest: dict[str, Any]) -> None:
    manifest["display_information"]["name"] = "x" * 36


def no_slash(manifest: dict[str, Any]) -> None:
    manifest["features"]["slash_commands"][0]["command"] = "flowise"


def unknown_key(manifest: dict[str, Any]) -> None:
    manifest["settings"]["socket_mode"] = True


def twice_the_same_event(manifest: dict[str, Any]) -> None:
    manifest["settings"]["event_subscriptions"]["bot_events"].append("app_mention")


def plain_http(manifest: dict[str, Any]) -> None:
    manifest["settings"]["event_subscriptions"]["request_url"] = "http://your-host.example/slack/events"


def no_address_for_events(manifest: dict[str, Any]) -> None:
    del manifest["settings"]["event_subscriptions"]["request_url"]


def no_address_for_the_command(manifest: dict[str, Any]) -> None:
    del manifest["features"]["slash_commands"][0]["url"]


SPOILERS = [
    long_name,
    no_slash,
    unknown_key,
    twice_the_same_event,
    plain_http,
    no_address_for_events,
    no_address_for_the_command,
]


@pytest.mark.program
def test_the_schema_refuses_what_slack_refuses(tmp_path: Path) -> None:
    for spoil in SPOILERS:
        manifest = loaded(HTTP)
        spoil(manifest)
        (tmp_path / f"{spoil.__name__}.json").write_text(json.dumps(manifest))
    (tmp_path / "whole.json").write_text(HTTP.read_text())
    report = json.loads(check("--schemafile", SCHEMA, "--output-format", "json", *tmp_path.iterdir()).stdout)
    refused = {Path(error["filename"]).stem for error in report["errors"]}
    assert refused == {spoil.__name__ for spoil in SPOILERS}


def without_transport(manifest: dict[str, Any]) -> dict[str, Any]:
    rest = copy.deepcopy(manifest)
    rest["settings"].pop("socket_mode_enabled")
    rest["settings"]["event_subscriptions"].pop("request_url", None)
    rest["settings"]["interactivity"].pop("request_url", None)
    for command in rest["features"]["slash_commands"]:
        command.pop("url", None)
    return rest


def test_an_agent_has_a_view_a_scope_and_events_more() -> None:
    plain, agent = loaded(SOCKET_MODE), loaded(AGENT)
    assert agent["features"].pop("agent_view")["agent_description"]
    agent["oauth_config"]["scopes"]["bot"].remove("assistant:write")
    more = agent["settings"]["event_subscriptions"].pop("bot_events")
    assert set(plain["settings"]["event_subscriptions"].pop("bot_events")) < set(more)
    assert agent == plain


def test_the_manifests_differ_in_their_transport_alone() -> None:
    socket_mode, http = loaded(SOCKET_MODE), loaded(HTTP)
    assert without_transport(socket_mode) == without_transport(http)
    assert socket_mode["settings"]["socket_mode_enabled"] is True
    assert "https://" not in SOCKET_MODE.read_text()
    assert http["settings"]["socket_mode_enabled"] is False
    address = "https://your-host.example/slack/events"
    assert http["settings"]["event_subscriptions"]["request_url"] == address
    assert [command["url"] for command in http["features"]["slash_commands"]] == [address]
    assert http["settings"]["interactivity"]["request_url"] == address


@pytest.mark.parametrize("path", [SOCKET_MODE, HTTP, AGENT], ids=lambda path: path.name)
def test_people_can_write_to_the_bot_and_no_more_is_asked_for(path: Path) -> None:
    manifest = loaded(path)
    # Without an open Messages tab every direct message fails (Slack docs, error messages_tab_disabled).
    assert manifest["features"]["app_home"]["messages_tab_enabled"] is True
    assert manifest["features"]["app_home"]["messages_tab_read_only_enabled"] is False
    # The command's text then names people as messages do: <@U…>.
    assert all(command["should_escape"] is True for command in manifest["features"]["slash_commands"])
    assert manifest["oauth_config"]["scopes"]["bot"] == sorted(set(manifest["oauth_config"]["scopes"]["bot"]))
    # For "Try again" under an answer that was interrupted.
    assert manifest["settings"]["interactivity"]["is_enabled"] is True
    assert manifest["settings"]["org_deploy_enabled"] is False
    assert manifest["settings"]["token_rotation_enabled"] is False


# Slack docs, the pages of the events: the scope each of them needs, if any.
SCOPE_OF_EVENT = {
    "agent_session_stopped": "",
    "agent_session_title_changed": "",
    "app_context_changed": "",
    "app_home_opened": "",
    "app_uninstalled": "",
    "tokens_revoked": "",
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
}


@pytest.mark.parametrize("path", [SOCKET_MODE, HTTP, AGENT], ids=lambda path: path.name)
def test_every_event_has_its_scope(path: Path) -> None:
    manifest = loaded(path)
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert {SCOPE_OF_EVENT[event] for event in events} - {""} <= set(manifest["oauth_config"]["scopes"]["bot"])
