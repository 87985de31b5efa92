"""Inflicts each fault of the plan on the processes and connections, and undoes it."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext

from benchmarks.chaos.plan import SHAPES, Kind, Trouble
from benchmarks.chaos.stage import Stage
from bot.playground.tap.proxy import ConnectionEnd, FaultProxy

# How many of the latest deliveries are looked at for one that Slack makes again by itself.
_LATEST = 20


class Troubles:
    """Makes the troubles of a plan. `redis_outages`, and when replicas were `frozen`, are steady times: from, to."""

    def __init__(self, stage: Stage, plan: Sequence[Trouble], seed: int) -> None:
        self.done: Counter[Kind] = Counter()
        self.redis_outages: list[tuple[float, float]] = []
        self.frozen: list[tuple[float, float]] = []
        self.lines: list[str] = []
        self._stage, self._plan = stage, plan
        self._chance = random.Random(f"makes {seed}")  # noqa: S311 (a plan, not a secret)
        self._routing = random.Random(f"leads {seed}")  # noqa: S311 (a plan, not a secret)
        self._redis = asyncio.Lock()
        self._held = [asyncio.Lock() for _ in stage.replicas]
        self._makers: dict[Kind, Callable[[Trouble], Awaitable[None]]] = {
            Kind.KILL: self._kill,
            Kind.PAUSE: self._pause,
            Kind.ROLL: self._roll,
            Kind.REDIS_KILL: self._redis_kill,
            Kind.REDIS_PAUSE: self._redis_pause,
            Kind.REDIS_CUT: self._redis_cut,
            Kind.REDIS_STALL: self._redis_stall,
            Kind.SOCKETS: self._sockets,
            Kind.REFRESH: self._refresh,
            Kind.SLACK_5XX: self._slack,
            Kind.SLACK_429: self._slack,
            Kind.SLACK_LOST: self._slack,
            Kind.SLACK_BROKEN: self._slack,
            Kind.SLACK_STALL: self._slack_stall,
            Kind.FLOWISE_CUT: self._flowise_cut,
            Kind.FLOWISE_STALL: self._flowise_stall,
            Kind.TWICE: self._twice,
            Kind.ROUTES: self._routes,
        }

    async def run(self, begun: float) -> None:
        """Make every trouble at its time, counted from `begun` on the steady clock; returns when all are undone."""
        async with asyncio.TaskGroup() as group:
            for trouble in self._plan:
                group.create_task(self._one(trouble, begun))

    async def _one(self, trouble: Trouble, begun: float) -> None:
        await asyncio.sleep(begun + trouble.at - time.monotonic())
        at = time.monotonic() - begun
        holds = SHAPES[trouble.kind].holds
        if holds and self._held[trouble.replica].locked():
            return  # it takes longer than planned to come back from another one
        async with self._held[trouble.replica] if holds else nullcontext():
            await self._makers[trouble.kind](trouble)
        self.done[trouble.kind] += 1
        whom = f" replica {trouble.replica}" if holds else ""
        self.lines.append(f"{at:7.2f} to {time.monotonic() - begun:7.2f}: {trouble.kind.value}{whom} {trouble.method}")

    # ── replicas ──

    async def _kill(self, trouble: Trouble) -> None:
        replica = self._stage.replicas[trouble.replica]
        replica.send(signal.SIGKILL)
        await replica.ended()
        await asyncio.sleep(trouble.seconds)
        await replica.start()

    async def _pause(self, trouble: Trouble) -> None:
        replica = self._stage.replicas[trouble.replica]
        begin = time.monotonic()
        replica.send(signal.SIGSTOP)
        await asyncio.sleep(trouble.seconds)
        replica.send(signal.SIGCONT)
        self.frozen.append((begin, time.monotonic()))

    async def _roll(self, trouble: Trouble) -> None:
        replica = self._stage.replicas[trouble.replica]
        replica.send(signal.SIGTERM)
        if not await replica.ended():
            self.lines.append(f"{replica.name} did not end by itself after SIGTERM")
        await asyncio.sleep(trouble.seconds)
        await replica.start()

    # ── Redis ──

    async def _redis_kill(self, trouble: Trouble) -> None:
        async with self._redis:
            begin = time.monotonic()
            self._stage.valkey.send(signal.SIGKILL)
            await self._stage.valkey.ended()
            await asyncio.sleep(trouble.seconds)
            await self._stage.valkey.start()
            self.redis_outages.append((begin, time.monotonic()))

    async def _redis_pause(self, trouble: Trouble) -> None:
        async with self._redis:
            begin = time.monotonic()
            self._stage.valkey.send(signal.SIGSTOP)
            await asyncio.sleep(trouble.seconds)
            self._stage.valkey.send(signal.SIGCONT)
            self.redis_outages.append((begin, time.monotonic()))

    async def _redis_cut(self, trouble: Trouble) -> None:
        self._stage.wires[trouble.replica].redis.cut(ConnectionEnd.RESET)

    async def _redis_stall(self, trouble: Trouble) -> None:
        begin = time.monotonic()
        await _stalled(self._stage.wires[trouble.replica].redis, trouble.seconds)
        self.redis_outages.append((begin, time.monotonic()))

    # ── Slack ──

    async def _sockets(self, trouble: Trouble) -> None:
        await self._stage.slack.close_sockets()

    async def _refresh(self, trouble: Trouble) -> None:
        await self._stage.slack.refresh_sockets(self._chance.choice(("warning", "refresh_requested", "link_disabled")))

    async def _slack(self, trouble: Trouble) -> None:
        slack, method, times = self._stage.slack, trouble.method, trouble.times
        match trouble.kind:
            case Kind.SLACK_5XX:
                slack.server_error(method, times)
            case Kind.SLACK_429:
                slack.limit(method, trouble.seconds, times)
            case Kind.SLACK_LOST:
                slack.drop_reply(method)
            case _:
                slack.break_before(method)

    async def _slack_stall(self, trouble: Trouble) -> None:
        await _stalled(self._stage.wires[trouble.replica].slack, trouble.seconds)

    async def _twice(self, trouble: Trouble) -> None:
        """Slack delivers an event again that was acknowledged."""
        events = [made for made in self._stage.slack.attempts[-_LATEST:] if made.kind == "events_api"]
        if events:
            await self._stage.slack.deliver(self._chance.choice(events).payload, retry_num=1)

    # ── Flowise, and the routes to it ──

    async def _routes(self, trouble: Trouble) -> None:
        self._stage.reroute(self._routing)

    async def _flowise_cut(self, trouble: Trouble) -> None:
        self._stage.wires[trouble.replica].flowise.cut(ConnectionEnd.RESET)

    async def _flowise_stall(self, trouble: Trouble) -> None:
        await _stalled(self._stage.wires[trouble.replica].flowise, trouble.seconds)


async def _stalled(proxy: FaultProxy, seconds: float) -> None:
    proxy.stall()
    await asyncio.sleep(seconds)
    proxy.pass_on()
