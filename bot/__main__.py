"""Parses the command line: `python -m bot` serves; `demo` shows it, `setup` sets it up, the others look or check."""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import importlib.util
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from bot.errors import BotError, SettingsError

# The exit status for wrong usage, including wrong settings, as in shells and argparse.
WRONG_SETTINGS = 2
_LAST_PORT = 65_535


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    # Where the package is installed, its program has a name of its own.
    prog = "python -m bot" if Path(sys.argv[0]).name == "__main__.py" else None
    parser = argparse.ArgumentParser(prog=prog, description="A Flowise chatflow, answering in Slack.")
    commands = parser.add_subparsers(dest="command", metavar="command")
    commands.add_parser("serve", help="serve Slack (the default), with settings from the environment or .env")
    demo = commands.add_parser("demo", help="try the bot here, with a local Slack in the browser")
    demo.add_argument("--once", action="store_true", help="show a scripted conversation in the terminal and exit")
    demo.add_argument("--port", type=_port, default=0, help="the port of the page; by default, any free one")
    demo.add_argument("--no-browser", action="store_true", help="print the address without opening a browser")
    set_up = commands.add_parser("setup", help="choose a flow, make the Slack app and write .env, question by question")
    _add_flags_of_set_up(set_up)
    hooks = commands.add_parser("slack-cli", help="answer Slack's own command line, for which setup writes .slack/")
    hooks.add_argument("hook", choices=("get-hooks", "get-manifest", "start", "doctor"))
    hooks.add_argument("--protocol", default="")
    hooks.add_argument("--boundary", default="")
    doctor = commands.add_parser(
        "doctor", help="check the settings and everything they point to, and say what to change"
    )
    doctor.add_argument("--json", action="store_true", help="print the report as JSON")
    asked = "ask the chatflow a question, this one or one of the bot's own: only an answer shows that the key is right"
    doctor.add_argument("--ask", nargs="?", const="", metavar="question", help=asked)
    certify = commands.add_parser(
        "certify", help="check in a channel, in about ten minutes, what is assumed of Slack, and keep the result"
    )
    certify.add_argument("--channel", required=True, help="the id of a channel that the bot is in, best one for tests")
    certify.add_argument("--limits", action="store_true", help="also find out how many edits Slack takes in a minute")
    certify.add_argument("--json", action="store_true", help="print the report as JSON")
    config = commands.add_parser("config", help="print what holds, by BOT_CONFIG and the settings, and why")
    config.add_argument("file", nargs="?", type=Path, help="the configuration file in place of BOT_CONFIG")
    config.add_argument("--check", action="store_true", help="only say what is wrong with the file, without settings")
    config.add_argument("--json", action="store_true", help="print it as JSON")
    # Slack's command line adds arguments of its own, and newer ones more.
    chosen, more = parser.parse_known_args(arguments)
    if more and chosen.command != "slack-cli":
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    # Nothing of what is loaded now is garbage: to look for some takes a tenth of the start. See _loaded.
    gc.disable()
    try:
        return _COMMANDS[chosen.command or "serve"](chosen)
    except SettingsError as error:
        print(f"The settings cannot work:\n{_indented(_printable(error))}", file=sys.stderr)
        return WRONG_SETTINGS
    except BotError as error:
        print(f"Stopped: {_printable(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _printable(error: BotError) -> str:
    """The error's text without control characters: it may contain a service's response."""
    from bot.serving.logs import printable

    return printable(str(error), keep="\n")


def _indented(lines: str) -> str:
    return "\n".join(f"  {line}" for line in lines.splitlines())


def _serve(_: argparse.Namespace | None = None) -> int:
    # Imported here because the demo does not need them, and the bot last so that wrong settings are reported at once.
    from bot.serving import logs
    from bot.settings.settings import read_settings, warn_of_file

    settings = read_settings()
    from bot.app import Bot
    from bot.network.outgoing import export
    from bot.serving.descriptors import raise_soft_limit

    raise_soft_limit()
    export(settings.ssl_cert_file)
    redaction = logs.configure(settings.log_level, settings.log_format, settings.secrets())
    warn_of_file()

    async def serve() -> None:
        bot = Bot(settings, hide=redaction.hide)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, bot.stop)
        loop.add_signal_handler(signal.SIGUSR1, bot.probe_soon)
        await bot.run()

    _loaded()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve())
    return 0


def _loaded() -> None:
    """Collect garbage from now on; not what is loaded by now, which stays, and which everything would wait for."""
    gc.freeze()
    gc.enable()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's event loop if it is installed, because it uses less CPU per token; None: asyncio's own."""
    try:
        factory: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module("uvloop").new_event_loop
    except ImportError:
        return None
    return factory


def _port(given: str) -> int:
    if not (given.isascii() and given.isdecimal() and int(given) <= _LAST_PORT):
        raise argparse.ArgumentTypeError(f"expected a number from 0 to {_LAST_PORT}, not {given!r}")
    return int(given)


def _check_is_here(package: str) -> None:
    """Check that a package of ours is there. Raises BotError: this is the image, in which it is not."""
    if importlib.util.find_spec(f"bot.{package}") is None:
        raise BotError(
            "the image carries only what serves: run this where the bot's sources or its package are installed"
        )


def _demo(chosen: argparse.Namespace) -> int:
    _check_is_here("playground")
    from bot.playground import browser_demo as visit
    from bot.playground import terminal_demo as demo

    _loaded()
    return asyncio.run(demo.show() if chosen.once else visit.host(chosen.port, opens=not chosen.no_browser))


def _doctor(chosen: argparse.Namespace) -> int:
    from bot.doctor.checks import examine
    from bot.doctor.question import QUESTION

    _loaded()
    asked = None if chosen.ask is None else chosen.ask.strip() or QUESTION
    return examine(sys.stdout, os.environ, machine_readable=chosen.json, question=asked)


def _certify(chosen: argparse.Namespace) -> int:
    from bot.settings.settings import read_settings

    settings = read_settings()
    from bot.certify.program import certify, prepare

    prepare(settings)
    _loaded()
    run = certify(settings, chosen.channel, limits=chosen.limits, machine_readable=chosen.json, out=sys.stdout)
    return asyncio.run(run)


def _config(chosen: argparse.Namespace) -> int:
    """Print what holds with this configuration file, or with that of BOT_CONFIG; or only what is wrong with it."""
    if chosen.check:
        return _check(chosen.file)
    from bot.config import report
    from bot.config.loading import load
    from bot.config.merging import effective
    from bot.settings.environment import environment_of, variables_of
    from bot.settings.settings import read_settings

    settings = read_settings(config=chosen.file)
    environment = environment_of(settings)
    path = settings.bot_config
    loaded = load(path, environment, variables_of(settings)) if path else None
    holds = effective(environment, loaded.file if loaded else None)
    print(report.as_json(holds) if chosen.json else report.as_text(holds))
    return 0


def _check(file: Path | None) -> int:
    """Check a configuration file by itself, for which nothing else has to be set."""
    from bot.config.reading import configuration, read_file
    from bot.settings.environment import config_path

    path = file or config_path()
    configuration(read_file(path), path.name)
    print(f"{path}: nothing is wrong with it")
    return 0


def _add_flags_of_set_up(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="ask nothing: take flags, the environment and .env")
    parser.add_argument("--flowise-url", default="", help="the address of Flowise, or of a flow there")
    parser.add_argument("--chatflow", default="", help="the id of the flow")
    parser.add_argument("--no-question", action="store_true", help="do not ask the flow a question to see it answer")
    parser.add_argument("--name", help="the app's name")
    parser.add_argument("--command", dest="slash_command", help="its slash command")
    parser.add_argument("--no-files", action="store_true", help="without attached files, in either direction")
    agent = "an agent with threads in its Messages tab, which guests cannot use and which is partly paid"
    parser.add_argument("--agent-view", action="store_true", help=agent)
    parser.add_argument("--http", metavar="ADDRESS", help="the https address at which Slack calls, for HTTP")
    parser.add_argument("--way", choices=("link", "token", "cli", "exists"), help="how the app is made")
    parser.add_argument("--hello", metavar="CHANNEL", default="", help="say hello in this channel")


def _set_up(chosen: argparse.Namespace) -> int:
    _check_is_here("setup")
    from bot.setup.flags import flags_of
    from bot.setup.walk import START, set_up

    status = set_up(flags_of(chosen), os.environ)
    return _serve() if status == START else status


def _slack_cli(chosen: argparse.Namespace) -> int:
    _check_is_here("setup")
    from bot.setup import slack_cli

    if chosen.hook == "start":
        slack_cli.take_tokens(os.environ)
        return _serve()
    print(slack_cli.answer(chosen.hook, protocol=chosen.protocol, boundary=chosen.boundary))
    return 0


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "serve": _serve,
    "demo": _demo,
    "setup": _set_up,
    "doctor": _doctor,
    "certify": _certify,
    "config": _config,
    "slack-cli": _slack_cli,
}

if __name__ == "__main__":
    sys.exit(main())
