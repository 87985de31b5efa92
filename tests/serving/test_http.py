"""What the health checks tell of others, over real HTTP: in time, and without letting it decide."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from bot.serving.http import Health, web_app


async def readyz(
    details: Mapping[str, Callable[[], Awaitable[str]]],
    *missing: str,
    is_private: bool = True,
    detail_seconds: float = 10.0,
) -> tuple[int, object]:
    async def unready() -> tuple[str, ...]:
        return missing

    health = Health(unready, lambda: False, lambda: 0, details, is_private, detail_seconds)
    application = web_app(lambda: None, health, door=None)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/readyz"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return response.status, await response.json()
    finally:
        await runner.cleanup()


async def well() -> str:
    return "ok"


async def away() -> str:
    return "away: nobody knows why"


async def test_what_others_say_is_told_and_decides_nothing() -> None:
    assert await readyz({"one": well, "two": away}) == (
        200,
        {"ready": True, "missing": [], "one": "ok", "two": "away: nobody knows why"},
    )
    assert await readyz({"one": well}, "slack") == (503, {"ready": False, "missing": ["slack"], "one": "ok"})


async def test_who_does_not_answer_is_not_waited_for() -> None:
    async def stuck() -> str:
        await asyncio.Event().wait()
        return "never"

    assert await readyz({"stuck": stuck, "one": well}, detail_seconds=0.02) == (
        200,
        {"ready": True, "missing": [], "stuck": "away: it does not answer in time", "one": "ok"},
    )


async def test_a_stranger_is_told_whether_and_not_why() -> None:
    asked: list[str] = []

    async def counted() -> str:
        asked.append("redis")
        return "ok"

    assert await readyz({"redis": counted}, is_private=False) == (200, {"ready": True})
    with capture_logs() as lines:
        assert await readyz({"redis": counted}, "slack", is_private=False) == (503, {"ready": False})
    assert asked == []  # nor can he have anybody asked
    assert [(line["event"], line["missing"]) for line in lines] == [("readiness awaited", ["slack"])]


async def test_a_start_that_is_not_over_is_no_loss() -> None:
    steps = iter([("slack",), ("slack",), (), (), ("slack",), ("slack",), ()])

    async def unready() -> tuple[str, ...]:
        return next(steps)

    health = Health(unready, lambda: False, lambda: 0, {})
    application = web.Application()
    health.serve(application, is_private=True)
    with capture_logs() as lines:
        async with TestClient(TestServer(application)) as client:
            statuses = [(await client.get("/readyz")).status for _ in range(7)]
    assert statuses == [503, 503, 200, 200, 503, 503, 200]
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("readiness awaited", "info"),
        ("readiness reached", "info"),
        ("readiness lost", "warning"),
        ("readiness restored", "info"),
    ]
