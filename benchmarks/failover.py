"""Rehearses a failover of Redis: a primary with a replica and three Sentinels, and people who ask all the while.

python -m benchmarks.failover [SECONDS]

The primary is killed in the middle. After so many seconds without it, 5 by default, the Sentinels promote its replica,
and two replicas of the bot follow. It prints what people saw meanwhile. Needs a redis-server on the PATH.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.playground.sandbox import Sandbox, sandbox

# Sentinel's own default is 30 s; five notice a dead primary soon, and no pause of a healthy one.
_DOWN_AFTER = 5.0
_EVERY, _KILLED_AFTER, _AFTERWARDS = 1.0, 15.0, 30.0
_SENTINELS = 3
_NOT_YET = "I can't take this just yet"


@dataclass(slots=True)
class Asked:
    """A question: when it was asked, when the asker was told to wait, and when the answer began, in seconds from the
    kill."""

    root: str
    at: float
    told: float | None = None
    begun: float | None = None


@dataclass(frozen=True, slots=True)
class Servers:
    """The primary, which can be killed, and the address for the bot."""

    primary: asyncio.subprocess.Process
    url: str


async def main(down_after: float = _DOWN_AFTER) -> int:
    """Rehearse it, and print what was seen; the exit status."""
    program = shutil.which("redis-server")
    if program is None:
        sys.stderr.write("No redis-server was found on the PATH.\n")
        return 1
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="failover-")))
        servers = await stack.enter_async_context(_servers(program, folder, down_after))
        home = await stack.enter_async_context(
            sandbox(servers.url, tokens_per_second=40.0, api_key="key", latency=0.1, scale=10.0)
        )
        for _ in range(2):
            await stack.enter_async_context(home.bot(flowise_api_key="key", slack_edit_interval=1.2))
        await _rehearse(home, servers, round((_KILLED_AFTER + down_after + _AFTERWARDS) / _EVERY))
    return 0


async def _rehearse(home: Sandbox, servers: Servers, questions: int) -> None:
    began = time.monotonic()
    killed, asked = began + _KILLED_AFTER, list[Asked]()
    watching = asyncio.create_task(_watch(home, asked, killed))
    for number in range(questions):
        await asyncio.sleep(max(0.0, began + number * _EVERY - time.monotonic()))
        if servers.primary.returncode is None and time.monotonic() >= killed:
            servers.primary.kill()
        root = await home.ask(f"{home.mention} How do I start over? ({number})")
        asked.append(Asked(root, time.monotonic() - killed))
    await home.slack.until(lambda: home.idle and all(each.begun is not None for each in asked), 400.0)
    watching.cancel()
    _report(home, asked)


async def _watch(home: Sandbox, asked: list[Asked], killed: float) -> None:
    while True:
        for each in asked:
            now, answers = time.monotonic() - killed, home.answers(each.root)
            if each.told is None and any(_NOT_YET in text for text in answers):
                each.told = now
            if each.begun is None and any(_NOT_YET not in text for text in answers):
                each.begun = now
        await asyncio.sleep(0.05)


def _report(home: Sandbox, asked: list[Asked]) -> None:
    times = Counter(received.question for received in home.flowise.predictions)
    told = [each for each in asked if each.told is not None]
    waits = [each.begun - each.at for each in asked if each.begun is not None]
    texts = [home.answers(each.root) for each in asked]
    print(f"questions {len(asked)}, one a second; the primary was killed after {_KILLED_AFTER:g} s")
    print(f"answered {sum('Sources' in answers[-1] for answers in texts)}, in one message {sum(map(_is_one, texts))}")
    print(f"asked of Flowise more than once {sum(count > 1 for count in times.values())}")
    print(f"people told to wait {len(told)}", end="")
    if told:
        print(f", who asked {told[0].at:.0f} to {told[-1].at:.0f} s after the kill", end="")
        print(f"; their answers began {min(_begun(told)):.1f} to {max(_begun(told)):.1f} s after it", end="")
    print(f"\nlongest wait for the first text of an answer {max(waits):.1f} s, of others {_others(asked):.1f} s")


def _is_one(answers: list[str]) -> bool:
    return len(answers) == 1


def _begun(asked: list[Asked]) -> list[float]:
    return [each.begun for each in asked if each.begun is not None]


def _others(asked: list[Asked]) -> float:
    return max(each.begun - each.at for each in asked if each.begun is not None and each.told is None)


@asynccontextmanager
async def _servers(program: str, folder: Path, down_after: float) -> AsyncIterator[Servers]:
    first, second, *sentinels = [_free_port() for _ in range(2 + _SENTINELS)]
    lasting = "appendonly yes\nappendfsync everysec\nmaxmemory-policy noeviction\n"
    texts = {first: lasting, second: f"{lasting}replicaof 127.0.0.1 {first}\n"}
    for port in sentinels:
        texts[port] = (
            f"sentinel monitor mymaster 127.0.0.1 {first} 2\n"
            f"sentinel down-after-milliseconds mymaster {round(down_after * 1000)}\n"
            "sentinel failover-timeout mymaster 10000\n"
        )
    processes = []
    try:
        for port, text in texts.items():
            place = folder / str(port)
            place.mkdir()
            (place / "conf").write_text(f"port {port}\nbind 127.0.0.1\ndir {place}\nlogfile {place}/log\n{text}")
            options = ["--sentinel"] if port in sentinels else []
            processes.append(await asyncio.create_subprocess_exec(program, str(place / "conf"), *options))
            await asyncio.sleep(0.5)
        await asyncio.sleep(3.0)  # the Sentinels find each other
        hosts = ",".join(f"127.0.0.1:{port}" for port in sentinels)
        yield Servers(processes[0], f"redis+sentinel://{hosts}/mymaster")
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
        await asyncio.gather(*(process.wait() for process in processes))


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*map(float, sys.argv[1:]))))
