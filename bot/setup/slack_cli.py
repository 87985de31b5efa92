"""Answers the hooks of Slack's own command line, by which `slack run` makes the app and starts the bot."""

from __future__ import annotations

import json
import platform
import shlex
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from bot import __version__
from bot.errors import SettingsError

FOLDER = Path(".slack")
MANIFEST = FOLDER / "manifest.json"
HOOKS = FOLDER / "hooks.json"

HOOK_NAMES = ("get-hooks", "get-manifest", "start", "doctor")

# The tokens of a local run, by the names that the command line has for them and by ours. Newer ones set ours as well.
_TOKENS = {"SLACK_CLI_XOXB": "SLACK_BOT_TOKEN", "SLACK_CLI_XAPP": "SLACK_APP_TOKEN"}
_BOUNDED = "message-boundaries"
_PROTOCOLS = [_BOUNDED, "default"]


def files(manifest: str) -> dict[Path, str]:
    """The files that make this folder a project of Slack's command line, with their content."""
    return {MANIFEST: manifest, HOOKS: json.dumps({"hooks": {"get-hooks": _command("get-hooks")}}, indent=2) + "\n"}


def answer(hook: str, *, protocol: str = "", boundary: str = "") -> str:
    """What a hook prints. With a boundary it stands before and after, so that nothing else is taken for the answer.

    Raises:
        SettingsError: the manifest cannot be read.
    """
    said = json.dumps(_hooks() if hook == "get-hooks" else _versions()) if hook != "get-manifest" else _manifest()
    return f"{boundary}{said}{boundary}" if protocol == _BOUNDED else said


def take_tokens(environment: MutableMapping[str, str]) -> None:
    """Set the tokens that Slack's command line gives to what it starts, where no others are set."""
    for theirs, ours in _TOKENS.items():
        if value := environment.get(theirs):
            environment.setdefault(ours, value)


def _hooks() -> Mapping[str, object]:
    return {
        "hooks": {name: _command(name) for name in HOOK_NAMES if name != "get-hooks"},
        # The bot opens its Socket Mode connections itself.
        "config": {"protocol-version": _PROTOCOLS, "sdk-managed-connection-enabled": True},
        "runtime": "python",
    }


def _versions() -> Mapping[str, object]:
    return {
        "versions": [
            {"name": "flowise-slack", "current": __version__},
            {"name": "python", "current": platform.python_version()},
        ]
    }


def _manifest() -> str:
    try:
        return MANIFEST.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SettingsError(f"{MANIFEST}: cannot be read ({reason}); the command setup makes it") from None


def _command(hook: str) -> str:
    return shlex.join([sys.executable, "-m", "bot", "slack-cli", hook])
