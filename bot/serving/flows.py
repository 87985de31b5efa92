"""Keeps a client, a circuit breaker and a watch for each flow of the configuration, so that none disturbs another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from aiohttp import ClientSession
from structlog.contextvars import bind_contextvars

from bot.background.supervision import Supervisor
from bot.config.effective import Effective, EffectiveFlow
from bot.config.live import LiveConfiguration
from bot.config.secrets import FlowSecrets
from bot.conversation.flows import Flow
from bot.conversation.guarded import Guarded
from bot.flowise.client import Limits
from bot.metrics.flowise import FlowiseMetrics
from bot.serving.flowise_watch import WatchedFlowise

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Connected:
    """A flow with all that was made for it, and the secrets that it was made with."""

    flow: Flow
    secrets: FlowSecrets
    client: WatchedFlowise
    breaker: Guarded
    watch: asyncio.Task[None]


class ConnectedFlows:
    """Implements `bot.conversation.flows.Flows`. A flow that changes is made anew; answers under way go on with what
    they began with."""

    def __init__(
        self,
        live: LiveConfiguration,
        session: ClientSession,
        metrics: FlowiseMetrics,
        supervisor: Supervisor,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._live = live
        self._session = session
        self._metrics = metrics
        self._supervisor = supervisor
        self._now = now
        self._connected: dict[str, _Connected] = {}
        self._ended: set[asyncio.Task[None]] = set()
        self._follow()
        live.when_changed(self._follow)

    @property
    def effective(self) -> Effective:
        """The configuration that is in force."""
        return self._live.effective

    def named(self, name: str) -> Flow | None:
        """A flow by its name; another object once something of it has changed."""
        found = self._connected.get(name)
        return found.flow if found is not None else None

    def probe_soon(self) -> None:
        """Look for each Flowise again at the next question, also while it rests, and at what its flow offers."""
        for one in self._connected.values():
            one.breaker.probe_soon()
            one.client.read_config_anew()

    def states(self) -> dict[str, str]:
        """How each is, by its name, in words without secrets."""
        return {name: _state(one) for name, one in self._connected.items()}

    def state(self) -> str:
        """How they are, in words without secrets: "ok", or that of those which are not."""
        states = self.states()
        if "" in states:
            return states[""]
        return "; ".join(f"{name}: {state}" for name, state in states.items() if state != "ok") or "ok"

    async def stop(self) -> None:
        """End the watches."""
        tasks = {one.watch for one in self._connected.values()} | self._ended
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _follow(self) -> None:
        """Have what the configuration has now."""
        flows, secrets = self._live.effective.flows, self._live.secrets
        for name in [name for name in self._connected if name not in flows]:
            self._end(name)
        for name, flow in flows.items():
            one = self._connected.get(name)
            if one is not None and (one.flow.settings, one.secrets) == (flow, secrets[name]):
                continue
            if one is not None:
                self._end(name)
            self._connected[name] = self._made(flow, secrets[name])

    def _made(self, flow: EffectiveFlow, secrets: FlowSecrets) -> _Connected:
        limits = Limits(
            connect=flow.connect_timeout,
            headers=flow.headers_timeout,
            json=flow.json_timeout,
            silence=flow.silence_timeout,
            events=flow.event_timeout,
            total=flow.total_timeout,
            frame_bytes=flow.frame_limit,
        )
        metrics, key = self._metrics.of(flow.name), secrets.api_key or None
        client = WatchedFlowise(self._session, flow.url, flow.chatflow_id, key, limits, metrics, secrets.headers)
        breaker = Guarded(client, client.check, self._now, flow=flow.name)

        async def watch() -> None:
            if flow.name:
                bind_contextvars(flow=flow.name)
            await client.watch()

        watching = self._supervisor.start("looking at Flowise", watch)
        return _Connected(Flow(flow, breaker, reads_answers=key is not None), secrets, client, breaker, watching)

    def _end(self, name: str) -> None:
        watch = self._connected.pop(name).watch
        watch.cancel()
        self._ended.add(watch)
        watch.add_done_callback(self._ended.discard)


def _state(one: _Connected) -> str:
    resting = one.breaker.state()
    return one.client.state(resting) if resting in {"ok", "not asked yet"} else resting
