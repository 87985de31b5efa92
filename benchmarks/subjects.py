"""Starts the bots that are measured, each as a process of its own, and reads what its processes take."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from bot.playground.program import environment

_ROOT = Path(__file__).resolve().parent.parent
_CHAT_SDK = Path(__file__).resolve().parent / "peers" / "chat_sdk"
_INSTALLED = _ROOT / ".data" / "chat_sdk"
_STOP_SECONDS = 10.0
_INSTALL_SECONDS = 120.0
_SAMPLE_SECONDS = 0.2
_TICKS, _PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


class NotHere(Exception):
    """A bot cannot be measured on this machine; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A bot: what it is called by and how it is started. `settings` go over those of the local servers."""

    name: str
    label: str
    command: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    needs_node: bool = False


_OURS = (sys.executable, "-m", "bot")
_SAY_STREAM = (sys.executable, "-m", "benchmarks.peers.say_stream_bot")
_EACH_SECOND = (sys.executable, "-m", "benchmarks.peers.edit_each_second_bot")
_NODE = ("node", str(_INSTALLED / "bot.mjs"))

SUBJECTS = {
    subject.name: subject
    for subject in (
        Subject("edit", "this bot, edits", _OURS, {"SLACK_DELIVERY": "edit"}),
        Subject("stream", "this bot, streams", _OURS, {"SLACK_DELIVERY": "stream"}),
        Subject("auto", "this bot, auto", _OURS, {"SLACK_DELIVERY": "auto"}),
        Subject("say_stream", "Bolt say_stream", _SAY_STREAM),
        Subject("each_second", "an edit a second", _EACH_SECOND),
        Subject("chat_sdk", "Chat SDK, native", _NODE, needs_node=True),
        Subject("chat_sdk_edits", "Chat SDK, edits", _NODE, {"NATIVE_STREAMING": "false"}, needs_node=True),
    )
}


async def install_chat_sdk() -> None:
    """Fetch the Chat SDK, in the versions that its package.json names, into the ignored data folder.

    Raises:
        NotHere: there is no Node or npm, or npm could not fetch it.
    """
    if not (shutil.which("node") and shutil.which("npm")):
        raise NotHere("the Chat SDK is left out: there is no node or npm on the PATH")
    wanted = (_CHAT_SDK / "package.json").read_text()
    _INSTALLED.mkdir(parents=True, exist_ok=True)
    shutil.copy(_CHAT_SDK / "bot.mjs", _INSTALLED)
    present = _INSTALLED / "package.json"
    if present.exists() and present.read_text() == wanted and (_INSTALLED / "node_modules" / "chat").exists():
        return
    present.write_text(wanted)
    npm = await asyncio.create_subprocess_exec(
        *("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"),
        cwd=_INSTALLED,
    )
    try:
        async with asyncio.timeout(_INSTALL_SECONDS):
            status = await npm.wait()
    except TimeoutError:
        npm.kill()
        status = await npm.wait()
    if status != 0:
        present.unlink()
        raise NotHere(f"the Chat SDK is left out: npm could not install it (status {status})")


class Program:
    """A subject that runs, as an async context manager. `folder` is where it stands, and has its log."""

    def __init__(self, subject: Subject, settings: Mapping[str, str], folder: Path) -> None:
        self.subject, self.peak, self.idle = subject, 0, 0
        self._folder, self._log = folder, folder / "bot.log"
        self._environment = environment(os.environ, {**settings, **subject.settings})
        self._cpu_before = 0.0

    async def __aenter__(self) -> Program:
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.subject.command,
                cwd=self._folder,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._sampling = asyncio.create_task(self._sample())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sampling.cancel()
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(_STOP_SECONDS):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    def begin(self) -> None:
        """From now on CPU time counts; what it holds now is its idle memory."""
        self._cpu_before, self.idle = self._cpu(), self._memory()
        self.peak = self.idle

    @property
    def cpu(self) -> float:
        """Seconds since `begin`, of all its processes."""
        return self._cpu() - self._cpu_before

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(_SAMPLE_SECONDS)
            self.peak = max(self.peak, self._memory())

    def _processes(self) -> list[list[str]]:
        """The fields of /proc/PID/stat after the name (proc(5)), of the bot and of all that it started."""
        fields = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                try:
                    fields[int(entry.name)] = (entry / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue  # it has just ended
        family = {self._process.pid}
        while more := {pid for pid, of in fields.items() if int(of[1]) in family} - family:
            family |= more
        return [fields[pid] for pid in family if pid in fields]

    def _cpu(self) -> float:
        """User and system time, with that of children that have ended."""
        return sum(sum(map(int, of[11:15])) for of in self._processes()) / _TICKS

    def _memory(self) -> int:
        return sum(int(of[21]) for of in self._processes()) * _PAGE
