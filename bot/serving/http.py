"""Serves the bot's own HTTP: the health checks, the metrics, and Slack's requests where there is no Socket Mode."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.serving.signatures import LARGEST_BODY, RejectedRequest, RequestGuard
from bot.serving.sparse_log import SparseLog

log = structlog.get_logger(__name__)

_PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"
# Seconds. A readiness probe of Kubernetes gives up after one by default, and would then take us for unready.
_DETAIL_SECONDS = 0.7


@dataclass(slots=True)
class Health:
    """How the bot is, for those who ask.

    `unready` gives what is missing of our own side. `details` are others by their names, and what each is asked by: a
    word on how it is, without secrets. They decide nothing: where all replicas were unready, Slack's requests would
    reach nobody, and nobody could say in Slack what is wrong. `is_private` says that no stranger can ask; where one
    can, that the bot is alive or ready is all that is told, and the log has the rest. Who has not
    answered after `detail_seconds` is said to be away.
    """

    unready: Callable[[], Awaitable[tuple[str, ...]]]
    stopping: Callable[[], bool]
    under_way: Callable[[], int]
    details: Mapping[str, Callable[[], Awaitable[str]]]
    is_private: bool = True
    detail_seconds: float = _DETAIL_SECONDS
    _logged: tuple[str, ...] = field(default=(), init=False)
    _was_ready: bool = field(default=False, init=False)

    def serve(self, application: web.Application, *, is_private: bool) -> None:
        """Put /healthz and /readyz there."""

        async def healthz(_: web.Request) -> web.Response:
            fields = {"under_way": self.under_way()} if is_private else {}
            return web.json_response({"status": "alive", **fields})

        async def readyz(_: web.Request) -> web.Response:
            missing = await self._missing()
            words = await asyncio.gather(*map(self._detail, self.details.values())) if is_private else []
            fields = {"missing": list(missing), **dict(zip(self.details, words, strict=True))} if is_private else {}
            return web.json_response({"ready": not missing, **fields}, status=503 if missing else 200)

        application.router.add_get("/healthz", healthz)
        application.router.add_get("/readyz", readyz)

    async def _detail(self, ask: Callable[[], Awaitable[str]]) -> str:
        try:
            async with asyncio.timeout(self.detail_seconds):
                return await ask()
        except TimeoutError:
            return "away: it does not answer in time"

    async def _missing(self) -> tuple[str, ...]:
        missing = ("stopping",) if self.stopping() else await self.unready()
        if missing != self._logged:
            self._logged = missing
            self._tell(missing)
        self._was_ready |= not missing
        return missing

    def _tell(self, missing: tuple[str, ...]) -> None:
        if not missing and self._was_ready:
            log.info("readiness restored")
        elif not missing:
            log.info("readiness reached")
        elif not self._was_ready:  # a start is looked at before it is over
            log.info("readiness awaited", missing=list(missing))
        elif not self.stopping():
            log.warning("readiness lost", missing=list(missing))


def web_app(
    slack_app: Callable[[], AsyncApp | None],
    health: Health,
    *,
    door: RequestGuard | None,
    metrics: Callable[[], Awaitable[bytes]] | None = None,
) -> web.Application:
    """With a `door`, Slack's requests come to /slack/events; `metrics` gives what stands at /metrics, if it is here."""
    refusals = SparseLog()

    async def events(request: web.Request) -> web.Response:
        assert door is not None  # noqa: S101  # or there is no such route
        app = slack_app()
        if app is None or health.stopping():
            # Slack asks again in a moment, and may reach another replica.
            return web.Response(status=503, text="not serving")
        try:
            text, body = await door.admit(request)
        except RejectedRequest as refusal:
            refusals.warning("request rejected", status=refusal.status, reason=str(refusal))
            return web.Response(status=refusal.status, text=str(refusal))
        if body.get("type") == "app_rate_limited":
            # Without an inner event, which Bolt answers with 404 (Slack docs, Rate limits).
            log.warning("events dropped by Slack")
            return web.Response()
        return await _dispatched(app, request, text)

    application = web.Application(client_max_size=LARGEST_BODY)
    health.serve(application, is_private=health.is_private)
    if metrics is not None:
        _serve_metrics(application, metrics)
    if door is not None:
        application.router.add_post("/slack/events", events)
    return application


def metrics_app(metrics: Callable[[], Awaitable[bytes]], health: Health) -> web.Application:
    """/metrics, and the health checks with their details, for a port of its own that no stranger reaches."""
    application = web.Application()
    health.serve(application, is_private=True)
    _serve_metrics(application, metrics)
    return application


def _serve_metrics(application: web.Application, metrics: Callable[[], Awaitable[bytes]]) -> None:
    async def text(_: web.Request) -> web.Response:
        return web.Response(body=await metrics(), headers={"Content-Type": _PROMETHEUS_TEXT})

    application.router.add_get("/metrics", text)


async def _dispatched(app: AsyncApp, request: web.Request, text: str) -> web.Response:
    headers: dict[str, str | Sequence[str]] = dict(request.headers)
    try:
        asked = AsyncBoltRequest(body=text, query=request.query_string, headers=headers)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        # Bolt takes the shapes of Slack's objects for granted.
        log.warning("request rejected", status=400, reason=f"Bolt cannot read it ({type(error).__name__})")
        return web.Response(status=400, text="the body is not one of Slack's")
    return await to_aiohttp_response(await app.async_dispatch(asked))
