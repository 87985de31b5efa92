"""Sets up every demo: settings from the environment, a private store, the bot as a program, an orderly end."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from io import TextIOWrapper
from pathlib import Path
from urllib.parse import urlsplit

from bot.errors import BotError, SettingsError
from bot.playground.slack import LocalSlack
from bot.store.embedded import EmbeddedValkey

LATENCY = 0.1
"""Seconds a call takes: what Slack's Web API feels like."""
TOKENS_PER_SECOND = 40.0
COMMAND = "/flowise"

TOLD = ("BOT_INTRODUCE", "FLOWISE_VARS", "FLOWISE_STATE")
"""What the flow is told of whoever asks."""

_FROM_OUTSIDE = ("FLOWISE_URL", "FLOWISE_CHATFLOW_ID", "FLOWISE_API_KEY", "REDIS_URL", *TOLD)
_THEIRS = {"FLOWISE_URL": "Flowise", "REDIS_URL": "Redis"}
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def from_outside(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings that the environment gives: a Flowise and a Redis instead of our own, what the flow is told of
    whoever asks."""
    return {name: value for name in _FROM_OUTSIDE if (value := environment.get(name))}


def theirs(outside: Mapping[str, str]) -> str:
    """Which of these servers the user brings, for a sentence; empty where none."""
    return " and ".join(f"your {name}" for setting, name in _THEIRS.items() if setting in outside)


def between(outside: Mapping[str, str]) -> str:
    """Describe, for people, what the bot is connected to and where the questions go."""
    # Without a password that may stand before the host.
    host = urlsplit(outside.get("FLOWISE_URL", "")).hostname
    asked = f"your Flowise at {host}" if host else "a stand-in for Flowise that answers by a few rules"
    own = theirs(outside)
    goes = f"What is asked goes to {own} and nowhere else." if own else "Nothing leaves this machine."
    return f"the real bot, between a local Slack and {asked}. {goes}"


def towards(slack: LocalSlack) -> dict[str, str]:
    """The bot's settings for a local Slack."""
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.url,
        "SLACK_COMMAND": COMMAND,
        "BOT_STOP_GRACE": "1",  # whoever presses Ctrl-C does not want to see the end of the answer
    }


@asynccontextmanager
async def folder() -> AsyncIterator[Path]:
    """Make a folder for all that a demo writes. After a failure the bot's log is kept, and the error says where."""
    # Short: the embedded store's socket is in it.
    temporary = tempfile.TemporaryDirectory(prefix="flowise-demo-", ignore_cleanup_errors=True)
    with temporary as name:
        try:
            yield Path(name)
        except SettingsError:
            raise  # says all that is to be said
        except BotError as error:
            raise BotError(f"{error}{_kept_log(Path(name))}") from error


def _kept_log(place: Path) -> str:
    log = place / "bot.log"
    if not log.exists():
        return ""
    descriptor, kept = tempfile.mkstemp(prefix="flowise-demo-", suffix=".log")
    os.close(descriptor)
    shutil.copyfile(log, kept)
    return f"\nThe bot's log: {kept}"


async def own_store(stack: AsyncExitStack, place: Path) -> str:
    """Start a private store, which is stopped with the stack; returns its URL."""
    store = EmbeddedValkey(place)
    starting = asyncio.create_task(store.start())
    stack.push_async_callback(_ended, store, starting)
    return await asyncio.shield(starting)


async def _ended(store: EmbeddedValkey, starting: asyncio.Task[str]) -> None:
    await asyncio.wait([starting])
    await store.stop()


async def played(play: Coroutine[None, None, int], may_end: Callable[[], bool] = lambda: False) -> int:
    """Run a demo to its end, or to the first signal; the exit status: its own, or 128 and the signal's number, or 0
    where a signal is how it is meant to end by then."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that is not UTF-8 shows a ? instead of nothing
    heard: list[int] = []
    playing = asyncio.ensure_future(play)

    def stop(number: int) -> None:
        # The first signal ends the play; the clearing up after it is short, and is not to be broken off.
        if not heard:
            heard.append(number)
            playing.cancel()

    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop, number)
    try:
        return await playing
    except asyncio.CancelledError:
        if not heard:
            raise
        return 0 if may_end() else 128 + heard[0]
    except BrokenPipeError:
        # Whoever read us has gone. What is still buffered must not fail again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
