"""Starts and connects what takes part in a chaos run: a local Slack and Flowise, a Redis, the replicas, proxies."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from benchmarks.chaos.answers import FLOW
from benchmarks.chaos.balancer import Balancer
from benchmarks.chaos.processes import Replica, Valkey
from benchmarks.chaos.routes import ROUTED, UNROUTED, RouteFile, drawn
from bot.playground.flowise import LocalFlowise
from bot.playground.slack import DeliveryTimeouts, LocalSlack
from bot.playground.tap.proxy import FaultProxy

COMMAND = "/flowise"
CHANNELS = 8
TOKENS_PER_SECOND = 40.0
_LATENCY = 0.05
_KEY = "a-key-of-the-chaos-run"
# Slack comes again at once, after one minute and after five (Slack docs, The Events API); here time is shorter.
_RETRIES = (0.0, 60.0, 300.0)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a run is set up: `scale` multiplies Slack's limits, `haste` divides the waits before it delivers again.
    With `routes_seed` there are several flows, and the routes that lead to them are drawn by it; else there is one."""

    replicas: int
    delivery: str
    scale: float
    haste: float
    over_http: bool
    routes_seed: int | None = None


@dataclass(frozen=True, slots=True)
class Wires:
    """The proxies between one replica and everything else."""

    slack: FaultProxy
    flowise: FaultProxy
    redis: FaultProxy

    async def mend(self) -> None:
        for proxy in (self.slack, self.flowise, self.redis):
            proxy.pass_on()
            await proxy.listen()


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that takes part."""

    slack: LocalSlack
    flowise: LocalFlowise
    valkey: Valkey
    replicas: tuple[Replica, ...]
    wires: tuple[Wires, ...]
    session: aiohttp.ClientSession
    folder: Path
    routes: RouteFile | None

    def channel(self, number: int, *members: str) -> str:
        """The id of a channel, with these people in it."""
        return self.slack.channel(f"channel {number}", members=members)

    def reroute(self, chance: random.Random) -> None:
        """Have other routes stand in the file, drawn by chance."""
        if self.routes is not None:
            self.routes.write(drawn(chance, [self.channel(number) for number in range(CHANNELS)]), time.monotonic())

    async def mend(self) -> None:
        """End all faults: everybody runs, every wire is whole."""
        self.slack.no_faults()
        self.valkey.send(signal.SIGCONT)
        for replica in self.replicas:
            replica.send(signal.SIGCONT)
        for wires in self.wires:
            await wires.mend()


@asynccontextmanager
async def stage(manner: Manner, folder: Path) -> AsyncIterator[Stage]:
    """Start everything, the replicas ready; end it in the other order."""
    patience = DeliveryTimeouts(retries=tuple(wait / manner.haste for wait in _RETRIES))
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)))
        slack = await stack.enter_async_context(LocalSlack(latency=_LATENCY, scale=manner.scale, patience=patience))
        flowise = LocalFlowise(tokens_per_second=TOKENS_PER_SECOND, api_key=_KEY)
        await stack.enter_async_context(flowise)
        flowise.serve(FLOW)
        flowise.configure(FLOW.name, feedback=True)
        valkey = Valkey(folder)
        stack.push_async_callback(valkey.end)
        await valkey.start()
        wires = [await _wires(stack, slack, flowise, valkey) for _ in range(manner.replicas)]
        routes = _routes(flowise, folder) if manner.routes_seed is not None else None
        asked = {"FLOWISE_CHATFLOW_ID": FLOW.id} if routes is None else {"BOT_CONFIG": str(routes.path)}
        fixed = _settings(slack, manner) | asked | {"FLOWISE_API_KEY": _KEY}
        replicas = [Replica(number, fixed | _addresses(own), folder) for number, own in enumerate(wires)]
        built = Stage(slack, flowise, valkey, tuple(replicas), tuple(wires), session, folder, routes)
        built.reroute(random.Random(manner.routes_seed))  # noqa: S311 (a plan, not a secret)
        stack.push_async_callback(_ended, built)
        for replica in replicas:
            await replica.start()
        for replica in replicas:
            await replica.ready(session)
        if manner.over_http:
            slack.events_url = (await stack.enter_async_context(Balancer(replicas, session))).url
        yield built


async def _ended(built: Stage) -> None:
    await built.mend()
    await asyncio.gather(*(replica.end() for replica in built.replicas))


def _routes(flowise: LocalFlowise, folder: Path) -> RouteFile:
    """Several flows, all of which answer alike, and the file that names them."""
    flows = {name: replace(FLOW, name=name) for name in (*ROUTED, UNROUTED)}
    for name, flow in flows.items():
        flowise.serve(flow)
        flowise.configure(name, feedback=True)
    return RouteFile(folder / "bot.toml", {name: flow.id for name, flow in flows.items()}, COMMAND)


async def _wires(stack: AsyncExitStack, slack: LocalSlack, flowise: LocalFlowise, valkey: Valkey) -> Wires:
    return Wires(
        await stack.enter_async_context(_proxy(slack.url)),
        await stack.enter_async_context(_proxy(flowise.url)),
        await stack.enter_async_context(FaultProxy(valkey.socket)),
    )


def _proxy(url: str) -> FaultProxy:
    parts = urlsplit(url)
    return FaultProxy(str(parts.hostname), parts.port or 80)


def _settings(slack: LocalSlack, manner: Manner) -> dict[str, str]:
    to_slack = (
        {"SLACK_SIGNING_SECRET": slack.signing_secret} if manner.over_http else {"SLACK_APP_TOKEN": slack.app_token}
    )
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_COMMAND": COMMAND,
        "SLACK_DELIVERY": manner.delivery,
        "SLACK_RATE_SCALE": f"{manner.scale:g}",
        **to_slack,
    }


def _addresses(wires: Wires) -> dict[str, str]:
    return {
        "SLACK_API_URL": f"http://127.0.0.1:{wires.slack.port}/api/",
        "FLOWISE_URL": f"http://127.0.0.1:{wires.flowise.port}",
        "REDIS_URL": f"redis://127.0.0.1:{wires.redis.port}/0",
    }
