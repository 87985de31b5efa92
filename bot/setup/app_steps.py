"""Asks for the Slack app: what it is to have, how it is made, and its tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from pathlib import Path

from bot.errors import BotError, SlackRefused
from bot.serving.logs import printable
from bot.setup import slack_app, slack_cli
from bot.setup.console import Console, Unanswered
from bot.setup.given import CONFIG_TOKEN_SETTING, Answers, Flags, Way, is_true, setting
from bot.setup.manifest import App, app_name, as_json, link, manifest, public_host
from bot.slack.refusals import RATE_LIMITED

_PAGES = "https://api.slack.com/apps"
_WAYS = {
    Way.LINK: "Open Slack's page with everything filled in, and click Create",
    Way.TOKEN: "Let me make it, with an app configuration token of yours",
    Way.CLI: "Leave it to Slack's command line: slack run makes the app and starts the bot",
    Way.EXISTS: "The app is there already",
}
_USUAL = "Socket Mode (no public address), the command {command}, files"
_AS_AGENT = ", as an agent"
_AGENT = (
    "Should it be an agent of Slack's? Direct messages are threads then, with names, starter prompts and a Stop of "
    "Slack's own; but guests cannot use it, and parts of it need a paid plan of Slack"
)
_CONFIG = (
    f"An app configuration token (xoxe.xoxp-…) of the workspace: at {_PAGES}, below your apps, Generate Token. It is "
    "used once, and kept nowhere. The refresh token beside it does as well"
)
_EXPIRED = frozenset({"token_expired", "invalid_auth", "invalid_refresh_token", "not_authed"})


@dataclass(slots=True)
class AppSteps:
    """The steps about Slack, in the order in which they are asked."""

    console: Console
    flags: Flags
    answers: Answers

    def app(self) -> None:
        """Ask what the app is to have, if it is not the usual."""
        if self.flags.app is not None:
            self.answers.app = self.flags.app
            return
        usual = replace(App(), command=self.answers.value("SLACK_COMMAND") or App().command)
        if is_true(self.answers.value("BOT_AGENT_VIEW")):
            usual = replace(usual, agent=True)
        told = _USUAL.format(command=usual.command) + (_AS_AGENT if usual.agent else "")
        if self.console.confirm(f"{told}: make the app like this"):
            self.answers.app = usual
            return
        was = replace(self.answers.app, command=usual.command, agent=usual.agent)
        name = self.console.line("The app's name", app_name, default=was.name)
        command = self.console.line("Its command", setting("SLACK_COMMAND"), default=was.command)
        files = self.console.confirm("May people attach files, and long answers end in one?", default=was.files)
        ways = ["Socket Mode: the bot connects to Slack, and needs no address", "HTTP: Slack calls an address of yours"]
        by_http = self.console.choose("How do events come?", ways, default=int(bool(was.host))) == 1
        host = ""
        if by_http:
            host = self.console.line("The https address at which Slack reaches the bot", public_host, default=was.host)
        agent = self.console.confirm(_AGENT, default=was.agent)
        self.answers.app = App(name, command, files, host, agent)

    def create(self) -> None:
        """Have the app made in the way that is chosen."""
        way = self._way()
        self.answers.way = way
        content = manifest(self.answers.app)
        match way:
            case Way.LINK:
                self.console.say(f"\n  Open this link, choose the workspace, Next, Create:\n\n  {link(content)}\n")
            case Way.TOKEN:
                self._make()
            case Way.CLI:
                write_project(Path.cwd(), as_json(content))
                self.console.say(f"  Slack's command line finds the app in {slack_cli.FOLDER}/ of this folder.")
            case Way.EXISTS:
                pass

    def bot_token(self) -> None:
        """Ask for the bot token, and look whose it is."""
        if self.answers.way is Way.CLI:
            return
        self.console.say(f"  {self._install()}")
        while True:
            token = self._secret("The Bot User OAuth Token (xoxb-…)", "SLACK_BOT_TOKEN")
            found = self._looked(slack_app.installed(self.answers.slack, token))
            if isinstance(found, slack_app.Installed):
                break
        self.answers.bot = found.bot
        self.console.say(f"  The token is good, for @{printable(found.bot)} in {printable(found.team)}.")

    def way_in(self) -> None:
        """Ask for what events come with: the app-level token, or over HTTP the signing secret, if it is not known."""
        if self.answers.way is Way.CLI:
            return
        if self.answers.app.host:
            if self.answers.made is None:
                self._secret("The Signing Secret (Basic Information, App Credentials)", "SLACK_SIGNING_SECRET")
            return
        page = self._page("general")
        scope = "App-Level Tokens, Generate Token and Scopes, Add Scope connections:write, Generate"
        self.console.say(f"  {page}: {scope}.")
        while True:
            token = self._secret("The app-level token (xapp-…)", "SLACK_APP_TOKEN")
            if self._looked(slack_app.connects(self.answers.slack, token)) is not FAILED:
                self.console.say("  The token is good: Slack offers a connection.")
                return

    def _way(self) -> Way:
        if self.flags.way is not None:
            return self.flags.way
        ways = list(_WAYS)
        default = Way.EXISTS if self.answers.value("SLACK_BOT_TOKEN") else Way.LINK
        chosen = self.console.choose("How is the app made?", [*_WAYS.values()], default=ways.index(default))
        return ways[chosen]

    def _make(self) -> None:
        """Make the app by Slack's API, once: whoever has gone back and changed nothing has it already."""
        answers = self.answers
        if answers.made == answers.app:
            return
        while True:
            kept = answers.value(CONFIG_TOKEN_SETTING)
            token = self.console.secret(_CONFIG, config_token, kept=kept, flag=CONFIG_TOKEN_SETTING)
            # A token that was refused is not offered again.
            answers.values.pop(CONFIG_TOKEN_SETTING, None)
            found = self._looked(slack_app.create(answers.slack, manifest(answers.app), token))
            if isinstance(found, slack_app.CreatedApp):
                break
        answers.app_id, answers.install_url, answers.made = found.id, found.install_url, answers.app
        # Those of another app are of no use any more.
        for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"):
            answers.values.pop(name, None)
        if answers.app.host:
            answers.values["SLACK_SIGNING_SECRET"] = found.signing_secret
        self.console.say(f"  The app is made: {_PAGES}/{printable(found.id)}")

    def _install(self) -> str:
        if self.answers.way is Way.EXISTS:
            return f"{self._page('oauth')}: the Bot User OAuth Token stands there."
        where = "On the app's page" if self.answers.way is Way.LINK else self._page("install-on-team")
        return f"{where}: Install App, Install to Workspace, Allow. Then copy the token that stands there."

    def _page(self, name: str) -> str:
        app = self.answers.app_id
        menu = {"general": "Basic Information", "oauth": "OAuth & Permissions", "install-on-team": "Install App"}
        return f"{_PAGES}/{printable(app)}/{name}" if app else f"On the app's page, {menu[name]}"

    def _secret(self, question: str, name: str) -> str:
        kept = self.answers.value(name)
        value = self.console.secret(question, setting(name), kept=kept, flag=name)
        self.answers.values[name] = value
        return value

    def _looked(self, work: Coroutine[None, None, object]) -> object:
        """The result, or FAILED once it was told why. Raises Unanswered where nobody can do anything about it."""
        try:
            return asyncio.run(work)
        except BotError as error:
            told = f"{printable(str(error))}. {_advice(error)}"
        if self.flags.unattended:
            raise Unanswered(told)
        self.console.say(f"  {told}")
        return FAILED


FAILED = object()
"""What has come of a look at Slack that failed."""


def config_token(value: str) -> str:
    """An app configuration token, or a refresh token. Raises ValueError: it is neither."""
    if not value.startswith((slack_app.CONFIG_TOKEN, slack_app.REFRESH_TOKEN)) or not value.isascii():
        raise ValueError("expected an app configuration token (xoxe.xoxp-…), or the refresh token beside it (xoxe-…)")
    return value


def write_project(folder: Path, content: str) -> None:
    """Write the files of Slack's command line into a folder; what is there already of other names stays."""
    for name, text in slack_cli.files(content).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def _advice(error: BotError) -> str:
    if not isinstance(error, SlackRefused):
        return "Look at the network, and at SLACK_API_URL if it is set."
    if error.code in RATE_LIMITED:
        return "Wait a minute, and try again."
    return "Generate or copy it anew, and paste it whole." if error.code in _EXPIRED else ""
