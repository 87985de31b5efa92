"""Runs the real bot as a program of its own: its environment, when it is ready, its log, its end."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import aiohttp

import bot
from bot.errors import BotError, SettingsError
from bot.settings.settings import Settings

_START_SECONDS = 30.0
# The bot's own grace period, its last words (8 s at most) and the store.
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.1
_LAST_LINES = 12
_WRONG_SETTINGS = 2

# What `python -m bot` writes, in text, when a question comes and when its turn is over. An event is padded with spaces.
_TURN = re.compile(r"^\S+ \[\w+ *\] (question begun|turn finished|turn failed)(?: unexpectedly)?  ", re.MULTILINE)


class ProgramEnded(BotError):
    """The bot ended by itself, or did not get ready. The text has the last lines of its log."""


@dataclass(frozen=True, slots=True)
class TurnCounts:
    """How many questions the bot has taken so far, and what became of them."""

    taken: int = 0
    finished: int = 0
    failed: int = 0

    @property
    def open(self) -> int:
        return self.taken - self.finished - self.failed


def environment(inherited: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """The bot's environment: exactly these settings, none that happen to be set around us, and the same code."""
    ours = {name for name in inherited if name.lower() in Settings.model_fields}
    kept = {name: value for name, value in inherited.items() if name not in ours}
    code = str(Path(bot.__file__).resolve().parent.parent)
    path = os.pathsep.join(filter(None, (code, inherited.get("PYTHONPATH", ""))))
    return {**kept, **settings, "PYTHONPATH": path}


class BotProgram:
    """`python -m bot` as a child, as an async context manager: it is ready inside, and has ended after it.

    `folder` is its working directory, so that no .env of the user's is read; its log is in there.
    """

    def __init__(self, settings: Mapping[str, str], folder: Path) -> None:
        self.log = folder / "bot.log"
        self._port = _free_port()
        own = {"HOST": "127.0.0.1", "PORT": str(self._port), "LOG_FORMAT": "text", "LOG_LEVEL": "INFO"}
        self._environment = environment(os.environ, {**settings, **own})
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._read_to = 0
        self._unready = ""
        self._counts = {"question begun": 0, "turn finished": 0, "turn failed": 0}

    async def __aenter__(self) -> BotProgram:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "bot"),
                cwd=self._folder,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us; we end the bot while its Slack is still there
            )
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._ready()
        except TimeoutError:
            await self._stop()
            waits = f"; it says: {self._unready}" if self._unready else ""
            raise ProgramEnded(f"the bot is not ready after {_START_SECONDS:g} s{waits}{self._last_lines()}") from None
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    @property
    def pid(self) -> int:
        """Its process id. Raises RuntimeError before it was started."""
        if self._process is None:
            raise RuntimeError("the program is not started")
        return self._process.pid

    @property
    def url(self) -> str:
        """Where its health checks are, without a path."""
        return f"http://127.0.0.1:{self._port}"

    def probe_soon(self) -> None:
        """Have it look for Flowise again at the next question."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGUSR1)

    def check(self) -> None:
        """Raises ProgramEnded, or SettingsError with the bot's own lines, where the bot is no longer running."""
        status = self._process.returncode if self._process else None
        if status is None:
            return
        if status == _WRONG_SETTINGS:
            said = [line.strip() for line in self._text().splitlines() if line.startswith("  ")]
            # There is no .env in its folder on purpose.
            ours = [line for line in said if not line.startswith(".env: ")]
            raise SettingsError("\n".join(ours) or "the bot does not say which")
        raise ProgramEnded(f"the bot has ended by itself, with status {status}{self._last_lines()}")

    def turns(self) -> TurnCounts:
        """Count the questions in the log so far."""
        with self.log.open("rb") as log:
            log.seek(self._read_to)
            new = log.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read_to += len(whole)
        for found in _TURN.finditer(whole.decode("utf-8", "replace")):
            self._counts[found.group(1)] += 1
        return TurnCounts(*self._counts.values())

    async def _ready(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            while True:
                self.check()
                try:
                    async with session.get(f"{self.url}/readyz") as response:
                        if response.status == 200:
                            return
                        self._unready = (await response.text())[:200]
                except (aiohttp.ClientError, TimeoutError):
                    pass  # it does not listen yet
                await asyncio.sleep(_POLL_SECONDS)

    async def _stop(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def _text(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def _last_lines(self) -> str:
        lines = self._text().splitlines()[-_LAST_LINES:]
        return ". Its log ends:\n" + "\n".join(f"  {line}" for line in lines) if lines else ". Its log is empty."


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
