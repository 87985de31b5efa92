"""Tests the manifest of the app for each choice: the usual ones are those in deploy/."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.setup.manifest import App, app_name, as_json, link, manifest, public_host

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.mark.parametrize(
    ("app", "file"),
    [
        (App(), "slack-manifest.json"),
        (App(host="https://your-host.example"), "slack-manifest.http.json"),
        (App(agent=True), "slack-manifest.agent.json"),
    ],
    ids=["Socket Mode", "HTTP", "agent"],
)
def test_the_usual_manifests_are_those_in_deploy(app: App, file: str) -> None:
    assert manifest(app) == json.loads((DEPLOY / file).read_text())


def test_what_is_not_wanted_is_not_asked_for() -> None:
    assert set(App().scopes) - set(App(files=False).scopes) == {"files:read", "files:write"}
    other = as_json(manifest(App("Ask Ada", "/ada")))
    assert "Flowise" not in other
    assert "/flowise" not in other


def test_the_link_carries_the_whole_manifest() -> None:
    app = App("Ask & answer #1")
    address = urlsplit(link(manifest(app)))
    assert (address.scheme, address.hostname, address.path) == ("https", "api.slack.com", "/apps")
    query = parse_qs(address.query)
    assert query["new_app"] == ["1"]
    assert json.loads(query["manifest_json"][0]) == manifest(app)


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("https://bot.example.com", "https://bot.example.com"),
        ("bot.example.com:8443/", "https://bot.example.com:8443"),
        ("https://bot.example.com/slack/events", "https://bot.example.com"),
    ],
)
def test_an_address_is_taken_without_its_path(typed: str, host: str) -> None:
    assert public_host(typed) == host


@pytest.mark.parametrize(
    "typed", ["", "http://bot.example.com", "https://bot.example.com/else", "https://a:b@c.example"]
)
def test_an_address_that_slack_would_refuse_is_none(typed: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        public_host(typed)


def test_a_name_has_a_length() -> None:
    assert app_name("  Ask Ada ") == "Ask Ada"
    for name in ("", "x" * 36, "a\x1bb"):
        with pytest.raises(ValueError, match="35"):
            app_name(name)
