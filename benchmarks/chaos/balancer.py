"""Balances Slack's requests over the replicas where events come by HTTP: in turn, among the ready ones.

Like the load balancer of a container platform it knows a replica by its readiness check alone. One that has just died
is still asked until the next check, and Slack delivers again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType

import aiohttp
from aiohttp import web

from benchmarks.chaos.processes import Replica

_CHECK_SECONDS = 1.0
_PASSED_ON = ("Content-Type", "X-Slack-Request-Timestamp", "X-Slack-Signature", "X-Slack-Retry-Num")


class Balancer:
    """A front for replicas, as an async context manager; `url` is where Slack posts. The session is the caller's."""

    def __init__(self, replicas: Sequence[Replica], session: aiohttp.ClientSession) -> None:
        self.url = ""
        self._replicas, self._session = replicas, session
        self._ready: list[Replica] = []

    async def __aenter__(self) -> Balancer:
        app = web.Application()
        app.router.add_post("/slack/events", self._pass_on)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/slack/events"
        self._checking = asyncio.create_task(self._check())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._checking.cancel()
        await asyncio.wait([self._checking])
        await self._runner.cleanup()

    async def _check(self) -> None:
        while True:
            found = await asyncio.gather(*(replica.is_ready(self._session) for replica in self._replicas))
            self._ready = [replica for replica, ready in zip(self._replicas, found, strict=True) if ready]
            await asyncio.sleep(_CHECK_SECONDS)

    async def _pass_on(self, request: web.Request) -> web.Response:
        if not self._ready:
            return web.Response(status=503)
        replica = self._ready.pop(0)
        self._ready.append(replica)
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        target = f"http://127.0.0.1:{replica.port}/slack/events"
        try:
            # Longer than Slack waits: it is Slack that gives up.
            patience = aiohttp.ClientTimeout(total=5)
            async with self._session.post(
                target, data=await request.read(), headers=headers, timeout=patience
            ) as response:
                body, kind = await response.read(), response.headers.get("Content-Type", "text/plain")
                return web.Response(status=response.status, body=body, headers={"Content-Type": kind})
        except (aiohttp.ClientError, TimeoutError):
            return web.Response(status=502)
