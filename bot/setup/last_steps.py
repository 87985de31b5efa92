"""Ends a set-up: writes .env, runs the doctor, says hello in a channel, and offers to start."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from bot.doctor.checks import examine
from bot.errors import BotError
from bot.serving.logs import printable
from bot.setup import env_file, slack_app
from bot.setup.console import Console
from bot.setup.given import Answers, Flags, Way, program
from bot.slack.wording import HELLO

ENV_FILE = Path(".env")
_LATER = "Later"


@dataclass(slots=True)
class LastSteps:
    """The steps after everything is known.

    `status` is the doctor's exit status, or 1 where a script's hello could not be said; `starts`: the bot is to start.
    """

    console: Console
    flags: Flags
    answers: Answers
    status: int = 0
    starts: bool = False

    def save(self) -> None:
        """Write the settings to .env."""
        values = self.answers.to_write
        env_file.write(ENV_FILE, values)
        self.console.say(f"  Written to {ENV_FILE.absolute()}, for your eyes alone: {', '.join(values)}.")
        for name, value in values.items():
            if os.environ.get(name, value) != value:
                self.console.say(f"  {name} is also set in the environment, to something else, which wins.")

    def doctor(self) -> None:
        """Look at the settings and all that they point to."""
        if self.answers.way is Way.CLI:
            self.console.say("\n  slack run starts the bot here, with the tokens of the app that it makes.")
            return
        self.console.say()
        self.status = examine(sys.stdout, os.environ)

    def hello(self) -> None:
        """Say hello in a channel that the bot is in, if that is wanted."""
        if self.answers.way is Way.CLI or self.status or (self.flags.unattended and not self.flags.hello):
            return
        if not self.flags.hello and not self.console.confirm("Say hello in a channel?"):
            return
        while True:
            try:
                found = asyncio.run(slack_app.channels(self.answers.slack, self.answers.value("SLACK_BOT_TOKEN")))
                if self._said(found) or self.flags.unattended:
                    return
            except BotError as error:
                self.console.say(f"  {printable(str(error))}.")
                return

    def start(self) -> None:
        """Offer to start the bot."""
        if self.answers.way is Way.CLI or self.status or self.flags.unattended:
            return
        self.starts = self.console.confirm("Start the bot now? Ctrl-C ends it")
        if not self.starts:
            self.console.say(f"  Start it with: {program()}")

    def _said(self, found: dict[str, str]) -> bool:
        """Whether nothing is left to do: hello is said in one of the channels, or nobody wants it any more."""
        name = self.flags.hello.removeprefix("#")
        if not name and not found:
            invitation = f"In Slack, write /invite @{printable(self.answers.bot)} in a channel. Then"
            return self.console.choose(f"I am in no channel yet. {invitation}", ["Look again", _LATER]) == 1
        if not name:
            names = sorted(found)
            chosen = self.console.choose("In which channel?", [*(f"#{each}" for each in names), _LATER])
            if chosen == len(names):
                return True
            name = names[chosen]
        if name not in found:
            self.console.say(f"  I am not in #{printable(name)}: invite me there first.")
            self.status = self.status or int(self.flags.unattended)
            return True
        asyncio.run(slack_app.say(self.answers.slack, self.answers.value("SLACK_BOT_TOKEN"), found[name], HELLO))
        self.console.say(f"  Said hello in #{printable(name)}. Mention me there.")
        return True
