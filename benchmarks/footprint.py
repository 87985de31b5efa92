"""Measures what the bot costs its machine: the start, idle memory, memory for each answer, CPU for each token.

    .venv/bin/python -m benchmarks.footprint

The real bot is a program of its own, on uvloop and then on asyncio; beside it, in this process, are a local Slack with
its rate limits and a source of tokens that stands for Flowise. Memory and CPU are the bot's alone, from /proc, so this
runs on Linux.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

import aiohttp

from benchmarks.firehose import CHATFLOW_ID, Firehose
from bot.__main__ import loop_factory
from bot.playground.program import BotProgram
from bot.playground.slack import LocalSlack
from bot.serving import logs
from bot.store.embedded import EmbeddedValkey

_WORDS = 1_000
_HALF = 500
_RATE = 50.0
_LATENCY = 0.12
# Over the 200,000 characters that the bot takes of one answer.
_LONG, _LONG_ANSWERS = 40_000, 10
_MOST_SECONDS = 60.0
_LIBRARIES = "import slack_bolt.async_app, aiohttp, redis.asyncio, pydantic_settings"
_BOT = "import bot.__main__, bot.settings.settings, bot.serving.logs, bot.app"


@dataclass(frozen=True, slots=True)
class Memory:
    """Of a process, in MB: resident, and its fair share of what it shares with others."""

    rss: float
    pss: float

    @classmethod
    def of(cls, pid: int) -> Memory:
        found = dict(re.findall(r"^(\w+):\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE))
        return cls(int(found["Rss"]) / 1024, int(found["Pss"]) / 1024)


@dataclass(frozen=True, slots=True)
class Start:
    """From the start of the process to the log's `ready`, in seconds; its CPU until /readyz said so; Slack's calls."""

    seconds: float
    cpu: float
    calls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Crowd:
    """Answers under way together. Times are in seconds, `kilobytes` is the growth of memory for each answer."""

    answers: int
    failed: int
    tokens: int
    seconds: float
    cpu: float
    kilobytes: float
    waits: tuple[float, ...]
    reconnected: int


def cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def loading(statement: str) -> float:
    """CPU seconds of an import in a fresh interpreter, the least of three."""
    code = f"import time; {statement}; print(time.process_time())"
    command = [sys.executable, "-c", code]
    return min(float(subprocess.check_output(command)) for _ in range(3))  # noqa: S603  (the interpreter's own)


@contextmanager
def environment(folder: Path, *, uvloop: bool) -> Iterator[None]:
    """Without `uvloop`, a module of that name that cannot be imported stands before the installed one."""
    with patch.dict(os.environ):
        if not uvloop:
            (folder / "path").mkdir()
            (folder / "path" / "uvloop.py").write_text('raise ImportError("as if it were not installed")')
            os.environ["PYTHONPATH"] = str(folder / "path")
        yield


class Bench:
    """One bot between its servers, from its start to its end."""

    def __init__(self, slack: LocalSlack, flowise: Firehose, program: BotProgram) -> None:
        self._slack = slack
        self._flowise = flowise
        self._program = program
        self._ada = slack.user("ada")

    def _opened(self) -> int:
        return sum(call.method == "apps.connections.open" for call in self._slack.calls)

    async def _ask(self, answers: int, words: int) -> None:
        """All within a second or two: five to a channel, which may take as many posts at once."""
        for number in range(answers):
            channel = self._slack.channel(f"channel-{number // 5}", members=[self._ada])
            mention = f"<@{self._slack.bot_user_id}>"
            await self._slack.say(self._ada, channel, f"{mention} Please answer in {words} words.")
            await asyncio.sleep(0.004)

    async def crowd(self, answers: int, words: int, held: int | None) -> Crowd:
        """Ask, wait until every answer waits at token `held`, and see what memory it took."""
        before, opened, pid = Memory.of(self._program.pid), self._opened(), self._program.pid
        self._flowise.held = held
        waits: list[float] = []
        async with asyncio.timeout(_MOST_SECONDS), self._probing(waits):
            await self._ask(answers, words)
            await self._until(lambda: self._flowise.under_way + self._refused() >= answers)
            waits.clear()
            sent, used, began = self._flowise.sent, cpu(pid), time.monotonic()
            await self._until(lambda: self._flowise.waiting == self._flowise.under_way)
            sent, used, seconds = self._flowise.sent - sent, cpu(pid) - used, time.monotonic() - began
        await asyncio.sleep(3.0)  # what was sent last is read and shown
        grown = (Memory.of(pid).rss - before.rss) * 1024 / answers
        failed, lost = self._refused(), self._opened() - opened
        return Crowd(answers, failed, sent, seconds, used, grown, tuple(waits), lost)

    def _refused(self) -> int:
        """Questions that got an apology, before their turn or in it."""
        return len(re.findall(r"\] (?:apology|turn failed)\b", self._program.log.read_text()))

    @staticmethod
    async def _until(holds: Callable[[], bool]) -> None:
        while not holds():  # noqa: ASYNC110  (what is waited for is outside of this process, too)
            await asyncio.sleep(0.05)

    @asynccontextmanager
    async def _probing(self, waits: list[float]) -> AsyncIterator[None]:
        task = asyncio.create_task(self._probe(waits))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _probe(self, waits: list[float]) -> None:
        """How long the bot's loop keeps a small request waiting, asked fifty times a second."""
        async with aiohttp.ClientSession() as session:
            while True:
                began = time.monotonic()
                async with session.get(f"{self._program.url}/healthz") as answer:
                    await answer.read()
                waits.append(time.monotonic() - began)
                await asyncio.sleep(0.02)


async def _ready_after(program: BotProgram, began: float) -> float:
    """Seconds until the log said so, which may come a moment after the bot has answered that it is."""
    for _ in range(500):
        for line in program.log.read_text().splitlines():
            if "] ready" in line:
                return datetime.fromisoformat(line.split()[0]).timestamp() - began
        await asyncio.sleep(0.02)
    raise TimeoutError("the bot is up, and its log does not say so")


async def measured(
    answers: int, words: int, held: int, idle: float, *, uvloop: bool, embedded: bool = False
) -> tuple[Start, Memory, Crowd]:
    """One bot started, left idle, and asked. With `embedded` it has a store of its own."""
    with tempfile.TemporaryDirectory() as name, environment(Path(name), uvloop=uvloop):
        folder = Path(name)
        valkey = EmbeddedValkey(folder / "store")
        url = "" if embedded else await valkey.start()
        try:
            async with LocalSlack(latency=_LATENCY) as slack, Firehose(_RATE) as flowise:
                settings = {
                    "SLACK_BOT_TOKEN": slack.bot_token,
                    "SLACK_APP_TOKEN": slack.app_token,
                    "SLACK_API_URL": slack.url,
                    "FLOWISE_URL": flowise.url,
                    "FLOWISE_CHATFLOW_ID": CHATFLOW_ID,
                    "REDIS_URL": url,
                    "DATA_DIR": str(folder / "data"),
                    "BOT_STOP_GRACE": "0",
                    "BOT_MOST_PREDICTIONS": str(answers),
                }
                program = BotProgram(settings, folder)
                began = time.time()
                async with program:
                    calls = tuple(call.method for call in slack.calls)
                    start = Start(await _ready_after(program, began), cpu(program.pid), calls)
                    await asyncio.sleep(idle)
                    memory = Memory.of(program.pid)
                    return start, memory, await Bench(slack, flowise, program).crowd(answers, words, held)
        finally:
            await valkey.stop()


def _pair(name: str, *values: str) -> str:
    return f"{name:<42}" + "".join(f"{value:>16}" for value in values)


def report(crowds: list[tuple[Start, Memory, Crowd]]) -> str:
    """The figures of the two loops beside each other."""
    starts, memories, asked = zip(*crowds, strict=True)
    lines = [
        _pair("", "uvloop", "asyncio"),
        _pair("start to ready", *(f"{start.seconds:.2f} s" for start in starts)),
        _pair("... CPU", *(f"{start.cpu:.2f} s" for start in starts)),
        _pair("... Slack calls", *(str(len(start.calls)) for start in starts)),
        _pair("idle memory: RSS", *(f"{memory.rss:.0f} MB" for memory in memories)),
        _pair("... PSS", *(f"{memory.pss:.0f} MB" for memory in memories)),
        _pair("answers at once", *(str(crowd.answers) for crowd in asked)),
        _pair("... that failed", *(str(crowd.failed) for crowd in asked)),
        _pair("memory for each, half-way through", *(f"{crowd.kilobytes:.0f} kB" for crowd in asked)),
        _pair("tokens a second", *(f"{crowd.tokens / crowd.seconds:,.0f}" for crowd in asked)),
        _pair("CPU for 1,000 tokens", *(f"{crowd.cpu / crowd.tokens * 1e6:.0f} ms" for crowd in asked)),
        _pair("/healthz meanwhile: half under", *(f"{statistics.median(crowd.waits) * 1e3:.0f} ms" for crowd in asked)),
        _pair("... longest", *(f"{max(crowd.waits) * 1e3:.0f} ms" for crowd in asked)),
        _pair("Socket Mode connections lost", *(str(crowd.reconnected) for crowd in asked)),
    ]
    return "\n".join(lines)


async def compared(answers: int, idle: float) -> None:
    libraries, own = loading(_LIBRARIES), loading(_BOT)
    sys.stdout.write(_pair("CPU of imports: all, the libraries alone", f"{own:.2f} s", f"{libraries:.2f} s") + "\n")
    crowds = [await measured(answers, _WORDS, _HALF, idle, uvloop=uvloop) for uvloop in (True, False)]
    sys.stdout.write(report(crowds) + "\n")
    frames = _LONG // 50
    start, memory, long = await measured(_LONG_ANSWERS, _LONG, frames, idle, uvloop=True, embedded=True)
    sys.stdout.write(
        _pair("with the embedded store: start to ready", f"{start.seconds:.2f} s")
        + "\n"
        + _pair("... idle memory: RSS, PSS", f"{memory.rss:.0f} MB", f"{memory.pss:.0f} MB")
        + "\n"
        + _pair("memory for an answer of 200,000 characters", f"{long.kilobytes:.0f} kB")
        + "\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.footprint", description="Measure what the bot costs.")
    parser.add_argument("--answers", type=int, default=300, help="under way at once (300)")
    parser.add_argument("--idle", type=float, default=10.0, help="seconds of idleness before memory is read (10)")
    given = parser.parse_args()
    logs.configure("WARNING", "text", ())
    with asyncio.Runner(loop_factory=loop_factory()) as runner:  # what stands beside the bot should cost little
        runner.run(compared(given.answers, given.idle))


if __name__ == "__main__":
    main()
