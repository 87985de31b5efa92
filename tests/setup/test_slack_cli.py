"""Tests the hooks of Slack's command line, as it calls them: by the command that stands in .slack/hooks.json."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bot import __version__
from bot.errors import SettingsError
from bot.setup.app_steps import write_project
from bot.setup.manifest import App, as_json, manifest
from bot.setup.slack_cli import answer, take_tokens

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the set-up has made a project of Slack's command line."""
    write_project(tmp_path, as_json(manifest(App())))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.program
def test_the_file_leads_to_the_hooks(project: Path) -> None:
    [command] = json.loads((project / ".slack" / "hooks.json").read_text())["hooks"].values()
    said = subprocess.run(
        # Slack's command line runs a hook in a shell, and newer ones add arguments.
        [*shlex.split(command), "--protocol=message-boundaries", "--boundary=::1::", "--manifest-app-id=A1"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout.strip()
    hooks = json.loads(said.removeprefix("::1::").removesuffix("::1::"))
    assert said.count("::1::") == 2
    assert hooks["hooks"].keys() == {"get-manifest", "start", "doctor"}
    assert hooks["config"]["sdk-managed-connection-enabled"] is True
    assert all(shlex.split(each)[0] == sys.executable for each in hooks["hooks"].values())


@pytest.mark.usefixtures("project")
def test_the_manifest_is_the_one_that_was_chosen() -> None:
    assert json.loads(answer("get-manifest")) == manifest(App())
    assert answer("get-manifest", protocol="default", boundary="--") == answer("get-manifest")


def test_without_a_manifest_the_way_to_one_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="setup"):
        answer("get-manifest")


def test_versions_are_told() -> None:
    versions = {each["name"]: each["current"] for each in json.loads(answer("doctor"))["versions"]}
    assert versions["flowise-slack"] == __version__


def test_its_tokens_are_taken_where_there_are_no_others() -> None:
    given = {"SLACK_CLI_XOXB": "xoxb-1", "SLACK_CLI_XAPP": "xapp-1", "SLACK_APP_TOKEN": "xapp-mine"}
    take_tokens(given)
    assert (given["SLACK_BOT_TOKEN"], given["SLACK_APP_TOKEN"]) == ("xoxb-1", "xapp-mine")
