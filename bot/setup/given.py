"""Holds what is known at the beginning of a set-up, and what has been answered since."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import TypeAdapter

from bot.errors import SettingsError
from bot.flowise import extra_headers
from bot.network.outgoing import Network
from bot.network.proxies import Proxies, proxy_url
from bot.settings.settings import Settings, checked
from bot.setup.flow import Flowise
from bot.setup.manifest import App
from bot.setup.slack_app import Slack

CONFIG_TOKEN_SETTING = "SLACK_CONFIG_TOKEN"  # noqa: S105  # its name
"""The variable with an app configuration token, or its refresh token; never written anywhere."""

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


class Way(Enum):
    """How the Slack app comes about."""

    LINK = "link"
    """By a link that opens Slack's dialog with the manifest filled in."""
    TOKEN = "token"  # noqa: S105  # no token
    """By Slack's API, with an app configuration token."""
    CLI = "cli"
    """By Slack's own command line, which also starts the bot."""
    EXISTS = "exists"
    """It is there already."""


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line says; None and "" where it says nothing.

    Attributes:
        unattended: whether nobody is asked.
        flowise_url: the address of Flowise, or of a flow there.
        chatflow_id: the id of the flow.
        app: what the app is to have; None for what is usual.
        way: how the app comes about.
        hello: the name of the channel in which the bot says hello.
        asks: whether the flow is asked a question, to see it answer.
    """

    unattended: bool = False
    flowise_url: str = ""
    chatflow_id: str = ""
    app: App | None = None
    way: Way | None = None
    hello: str = ""
    asks: bool = True


@dataclass(slots=True)
class Answers:
    """What has been answered so far. `values` are settings by name, those from the environment and .env at first."""

    values: dict[str, str]
    app: App = field(default_factory=App)
    way: Way = Way.LINK
    app_id: str = ""
    made: App | None = None
    """The app that was made by Slack's API, so that going back makes no second one."""
    install_url: str = ""
    bot: str = ""
    """The name of the app's bot, once its token was looked at."""

    def value(self, name: str) -> str:
        """A setting; empty where it is not set."""
        return self.values.get(name, "")

    @property
    def server(self) -> Flowise:
        """The Flowise of the settings so far. Raises SettingsError: FLOWISE_HEADERS cannot be read."""
        try:
            headers = extra_headers.read(self.value("FLOWISE_HEADERS"))
        except ValueError as error:
            raise SettingsError(f"FLOWISE_HEADERS: {error}") from None
        return Flowise(self.value("FLOWISE_URL"), self.value("FLOWISE_API_KEY") or None, headers)

    @property
    def network(self) -> Network:
        """The way out. Raises SettingsError: a proxy's address cannot be read."""
        for name in ("HTTPS_PROXY", "HTTP_PROXY"):
            try:
                _ = self.value(name) and proxy_url(self.value(name))
            except ValueError as error:
                raise SettingsError(f"{name}: {error}") from None
        file = self.value("SSL_CERT_FILE")
        proxies = Proxies(self.value("HTTPS_PROXY"), self.value("HTTP_PROXY"), self.value("NO_PROXY"))
        return Network(proxies, Path(file) if file else None)

    @property
    def slack(self) -> Slack:
        url = self.value("SLACK_API_URL") or str(Settings.model_fields["slack_api_url"].default)
        return Slack(f"{url.rstrip('/')}/", self.network)

    @property
    def to_write(self) -> dict[str, str]:
        """What is written to .env: the settings that a set-up is about."""
        names = ["FLOWISE_URL", "FLOWISE_CHATFLOW_ID", "FLOWISE_API_KEY", "SLACK_BOT_TOKEN"]
        names += ["SLACK_SIGNING_SECRET"] if self.app.host else ["SLACK_APP_TOKEN"]
        written = {name: self.value(name) for name in names if self.value(name)}
        if self.app.host and self.value("SLACK_APP_TOKEN"):
            written["SLACK_APP_TOKEN"] = ""  # with one, the bot would use Socket Mode
        if self.value("SLACK_COMMAND") or self.app.command != Settings.model_fields["slack_command"].default:
            written["SLACK_COMMAND"] = self.app.command
        if self.app.agent or self.value("BOT_AGENT_VIEW"):
            written["BOT_AGENT_VIEW"] = str(self.app.agent).lower()
        return written | own_port(self.values)


def is_true(value: str) -> bool:
    """Whether a setting that is true or false is true."""
    return bool(value) and TypeAdapter(bool).validate_python(value.strip())


def program() -> str:
    """How this program is called, for a sentence."""
    return "python -m bot" if Path(sys.argv[0]).name == "__main__.py" else Path(sys.argv[0]).name


def own_port(values: Mapping[str, str]) -> dict[str, str]:
    """The next port, where Flowise has the bot's default one on this machine and no other is set."""
    flowise, default = urlsplit(values.get("FLOWISE_URL", "")), int(Settings.model_fields["port"].default)
    if values.get("PORT") or flowise.hostname not in _THIS_MACHINE or flowise.port != default:
        return {}
    return {"PORT": str(default + 1)}


def known(environment: Mapping[str, str], written: Mapping[str, str]) -> dict[str, str]:
    """The settings that are set already: those of the environment, else those of .env."""
    names = [name.upper() for name in Settings.model_fields]
    # A proxy's variable in lower case takes precedence, as in curl.
    proxies = {name: environment.get(name.lower(), "") for name in ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")}
    found = {name: proxies.get(name) or environment.get(name) or written.get(name, "") for name in names}
    return {name: value for name, value in found.items() if value}


def setting(name: str) -> Callable[[str], str]:
    """A check of one setting: returns the value, or raises ValueError in the words of the settings."""

    def check(value: str) -> str:
        try:
            checked({name: value})
        except SettingsError as error:
            for line in str(error).splitlines():
                if line.startswith(f"{name}: "):
                    raise ValueError(line.removeprefix(f"{name}: ")) from None
        return value

    return check
