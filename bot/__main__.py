"""Parses the command line: `python -m bot` serves, `demo` shows a demonstration, `doctor` and `config` look."""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
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
    parser = argparse.ArgumentParser(prog="python -m bot", description="A Flowise chatflow, answering in Slack.")
    commands = parser.add_subparsers(dest="command", metavar="command")
    commands.add_parser("serve", help="serve Slack (the default), with settings from the environment or .env")
    demo = commands.add_parser("demo", help="try the bot here, with a local Slack in the browser")
    demo.add_argument("--once", action="store_true", help="show a scripted conversation in the terminal and exit")
    demo.add_argument("--port", type=_port, default=0, help="the port of the page; by default, any free one")
    demo.add_argument("--no-browser", action="store_true", help="print the address without opening a browser")
    doctor = commands.add_parser(
        "doctor", help="check the settings and everything they point to, and say what to change"
    )
    doctor.add_argument("--json", action="store_true", help="print the report as JSON")
    config = commands.add_parser("config", help="print what holds, by BOT_CONFIG and the settings, and why")
    config.add_argument("file", nargs="?", type=Path, help="the configuration file in place of BOT_CONFIG")
    config.add_argument("--check", action="store_true", help="only say what is wrong with the file, without settings")
    config.add_argument("--json", action="store_true", help="print it as JSON")
    chosen = parser.parse_args(arguments)
    # Nothing of what is loaded now is garbage: to look for some takes a tenth of the start. See _loaded.
    gc.disable()
    try:
        return _run(chosen)
    except SettingsError as error:
        print(f"The settings cannot work:\n{_indented(_printable(error))}", file=sys.stderr)
        return WRONG_SETTINGS
    except BotError as error:
        print(f"Stopped: {_printable(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(chosen: argparse.Namespace) -> int:
    match chosen.command:
        case "demo":
            return _demo(once=chosen.once, port=chosen.port, opens=not chosen.no_browser)
        case "doctor":
            return _doctor(machine_readable=chosen.json)
        case "config":
            return _check(chosen.file) if chosen.check else _config(chosen.file, machine_readable=chosen.json)
        case _:
            return _serve()


def _printable(error: BotError) -> str:
    """The error's text without control characters: it may contain a service's response."""
    from bot.serving.logs import printable

    return printable(str(error), keep="\n")


def _indented(lines: str) -> str:
    return "\n".join(f"  {line}" for line in lines.splitlines())


def _serve() -> int:
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


def _demo(*, once: bool, port: int, opens: bool) -> int:
    from bot.playground import browser_demo as visit
    from bot.playground import terminal_demo as demo

    _loaded()
    return asyncio.run(demo.show() if once else visit.host(port, opens=opens))


def _doctor(*, machine_readable: bool) -> int:
    from bot.doctor.checks import examine

    _loaded()
    return examine(sys.stdout, os.environ, machine_readable=machine_readable)


def _config(file: Path | None, *, machine_readable: bool) -> int:
    """Print what holds with this configuration file, or with that of BOT_CONFIG."""
    from bot.config import report
    from bot.config.loading import load
    from bot.config.merging import effective
    from bot.settings.environment import environment_of, variables_of
    from bot.settings.settings import read_settings

    settings = read_settings(config=file)
    environment = environment_of(settings)
    path = settings.bot_config
    loaded = load(path, environment, variables_of(settings)) if path else None
    holds = effective(environment, loaded.file if loaded else None)
    print(report.as_json(holds) if machine_readable else report.as_text(holds))
    return 0


def _check(file: Path | None) -> int:
    """Check a configuration file by itself, for which nothing else has to be set."""
    from bot.config.reading import configuration, read_file
    from bot.settings.environment import config_path

    path = file or config_path()
    configuration(read_file(path), path.name)
    print(f"{path}: nothing is wrong with it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
