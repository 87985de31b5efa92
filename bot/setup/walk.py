"""Walks through the steps of a set-up, forwards and back, until the bot can be started."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bot.errors import BotError, SettingsError
from bot.setup import env_file, flow
from bot.setup.app_steps import AppSteps
from bot.setup.console import BACK, GoBack, Terminal, Unanswered, Unattended
from bot.setup.flow_steps import FlowSteps
from bot.setup.given import CONFIG_TOKEN_SETTING, Answers, Flags, Way, known
from bot.setup.last_steps import ENV_FILE, LastSteps

START = -1
"""What `set_up` returns where the bot is to be started."""

_GREETING = f"""\
This connects a flow of your Flowise with a Slack app of its own.
Enter takes what stands in brackets; "{BACK}" goes back; Ctrl-C ends it, and what is not written yet is forgotten.
"""


def set_up(flags: Flags, environment: Mapping[str, str]) -> int:
    """Set the bot up, with the questions that `flags` leave open; returns the exit status, or START.

    Raises:
        SettingsError: .env cannot be read or written.
        BotError: something fails, and nobody is there to be asked.
    """
    console: Terminal | Unattended = Unattended() if flags.unattended else Terminal()
    answers = Answers(known(environment, env_file.present(ENV_FILE)))
    if token := environment.get(CONFIG_TOKEN_SETTING):
        answers.values[CONFIG_TOKEN_SETTING] = token
    if flags.unattended:
        if lacking := missing(flags, answers.values):
            raise SettingsError("\n".join(f"{name}: not set" for name in lacking))
    else:
        console.say(_GREETING)
    about_flow, about_app = FlowSteps(console, flags, answers), AppSteps(console, flags, answers)
    last = LastSteps(console, flags, answers)
    before = [about_flow.address, about_flow.key, about_flow.which, about_flow.answers_now]
    before += [about_app.app, about_app.create, about_app.bot_token, about_app.way_in]
    try:
        walked(before, console)
        walked([last.save, last.doctor, last.hello, last.start], console)
    except Unanswered as reason:
        if answers.made is None:
            raise BotError(str(reason)) from None
        # It is not to be made again; its tokens are to be copied by somebody.
        last.save()
        console.say(f"  Install the app: {answers.install_url}")
        raise BotError(f"{reason}. Then run this again with --way exists") from None
    except EOFError:
        raise BotError("nothing more can be read from the terminal; scripts use --yes") from None
    return START if last.starts else last.status


def walked(steps: Sequence[Callable[[], None]], console: Terminal | Unattended) -> None:
    """Take the steps one by one. Where somebody goes back, the last step that has asked something is taken again."""
    asked: list[int] = []
    number = 0
    while number < len(steps):
        before = console.asked
        try:
            steps[number]()
        except GoBack:
            number = asked.pop() if asked else number
            continue
        if console.asked > before:
            asked.append(number)
        number += 1


def missing(flags: Flags, values: Mapping[str, str]) -> list[str]:
    """All that a set-up without questions lacks, by the names of flags and settings."""
    wanted = {
        "--flowise-url or FLOWISE_URL": flags.flowise_url or values.get("FLOWISE_URL"),
        "--chatflow or FLOWISE_CHATFLOW_ID": flags.chatflow_id
        or flow.pasted(flags.flowise_url)[1]
        or values.get("FLOWISE_CHATFLOW_ID"),
    }
    if flags.way is Way.TOKEN:
        wanted[CONFIG_TOKEN_SETTING] = values.get(CONFIG_TOKEN_SETTING)
    elif flags.way is not Way.CLI:
        wanted["SLACK_BOT_TOKEN"] = values.get("SLACK_BOT_TOKEN")
        by_http = flags.app is not None and flags.app.host
        way_in = "SLACK_SIGNING_SECRET" if by_http else "SLACK_APP_TOKEN"
        wanted[way_in] = values.get(way_in)
    return [name for name, value in wanted.items() if not value]
