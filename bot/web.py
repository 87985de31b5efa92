"""Knows the bot's own HTTP: the health checks, the metrics, and Slack's requests where there is no Socket Mode."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.door import LARGEST_BODY, Door, Refused
from bot.errors import SettingsError

log = structlog.get_logger(__name__)

# At the very end, how long requests under way are waited for, in seconds; aiohttp's own 60 would let a client that
# never sends the rest of its request hold the stop up until it is killed.
LAST_RESPONSES = 1.0
_PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"
# Seconds. A readiness probe of Kubernetes gives up after one by default, and would then take us for unready.
_DETAIL_SECONDS = 0.7


def web_app(
    slack_app: Callable[[], AsyncApp | None],
    unready: Callable[[], Awaitable[tuple[str, ...]]],
    stopping: Callable[[], bool],
    under_way: Callable[[], int],
    details: Mapping[str, Callable[[], Awaitable[str]]],
    *,
    door: Door | None,
    metrics: Callable[[], Awaitable[bytes]] | None = None,
) -> web.Application:
    """`unready` gives what is missing of our own side of Slack; with a `door`, its requests come to /slack/events.

    `details` are others by their names, and what each is asked by: a word on how it is, without secrets. They are told
    by /readyz and decide nothing there: where all replicas were unready, Slack's requests would reach nobody, and
    nobody could say in Slack what is wrong. `metrics` gives what stands at /metrics, if that is to be here.
    """

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "alive", "under_way": under_way()})

    async def readyz(_: web.Request) -> web.Response:
        missing = ("stopping",) if stopping() else await unready()
        words = await asyncio.gather(*(_told(ask) for ask in details.values()))
        told = {"ready": not missing, "missing": list(missing), **dict(zip(details, words, strict=True))}
        return web.json_response(told, status=503 if missing else 200)

    async def events(request: web.Request) -> web.Response:
        assert door is not None  # noqa: S101  # or there is no such route
        app = slack_app()
        if app is None or stopping():
            # Slack asks again in a moment, and may reach another replica.
            return web.Response(status=503, text="not serving")
        try:
            text, body = await door.admit(request)
        except Refused as refusal:
            log.warning("a request is not let in", status=refusal.status, reason=str(refusal))
            return web.Response(status=refusal.status, text=str(refusal))
        if body.get("type") == "app_rate_limited":
            # Without an inner event, which Bolt answers with 404 (Slack docs, Rate limits).
            log.warning("Slack says that it drops events: more than 30,000 an hour in this workspace")
            return web.Response()
        return await _dispatched(app, request, text)

    application = web.Application(client_max_size=LARGEST_BODY)
    application.router.add_get("/healthz", healthz)
    application.router.add_get("/readyz", readyz)
    if metrics is not None:
        _serve_metrics(application, metrics)
    if door is not None:
        application.router.add_post("/slack/events", events)
    return application


def metrics_app(metrics: Callable[[], Awaitable[bytes]]) -> web.Application:
    """/metrics alone, for a port of its own."""
    application = web.Application()
    _serve_metrics(application, metrics)
    return application


@asynccontextmanager
async def served(application: web.Application, host: str, port: int, setting: str) -> AsyncIterator[int]:
    """Listen; gives the port, which is a free one for 0. Raises SettingsError: the port of that setting is taken."""
    runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=LAST_RESPONSES)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise SettingsError(
                f"{setting}: cannot listen on {host}:{port} ({error.strerror}); expected a free port"
            ) from None
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _serve_metrics(application: web.Application, metrics: Callable[[], Awaitable[bytes]]) -> None:
    async def text(_: web.Request) -> web.Response:
        return web.Response(body=await metrics(), headers={"Content-Type": _PROMETHEUS_TEXT})

    application.router.add_get("/metrics", text)


async def _told(ask: Callable[[], Awaitable[str]]) -> str:
    try:
        async with asyncio.timeout(_DETAIL_SECONDS):
            return await ask()
    except TimeoutError:
        return "away: it does not answer in time"


async def _dispatched(app: AsyncApp, request: web.Request, text: str) -> web.Response:
    headers: dict[str, str | Sequence[str]] = dict(request.headers)
    try:
        asked = AsyncBoltRequest(body=text, query=request.query_string, headers=headers)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        # Bolt takes the shapes of Slack's objects for granted.
        log.warning("a request is not let in", status=400, reason=f"Bolt cannot read it ({type(error).__name__})")
        return web.Response(status=400, text="the body is not one of Slack's")
    return await to_aiohttp_response(await app.async_dispatch(asked))
