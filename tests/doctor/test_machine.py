"""Tests the finding about a port: free, in use, or in use by the bot."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from bot.doctor.findings import Verdict
from bot.doctor.machine import port
from bot.playground.sandbox import Sandbox


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def listening(app: web.Application) -> tuple[web.AppRunner, int]:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, runner.addresses[0][1]


async def test_a_port_that_is_free_stays_free(session: aiohttp.ClientSession) -> None:
    runner, number = await listening(web.Application())
    await runner.cleanup()
    for _ in range(2):
        assert (await port(session, "127.0.0.1", number)).state is Verdict.WELL


async def test_any_port(session: aiohttp.ClientSession) -> None:
    assert (await port(session, "0.0.0.0", 0)).state is Verdict.WELL  # noqa: S104


async def test_a_port_that_somebody_else_has(session: aiohttp.ClientSession) -> None:
    runner, number = await listening(web.Application())
    finding = await port(session, "127.0.0.1", number)
    await runner.cleanup()
    assert finding.state is Verdict.WRONG
    assert "PORT" in finding.do


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104
async def test_a_port_that_the_bot_itself_has(session: aiohttp.ClientSession, home: Sandbox, host: str) -> None:
    async with home.bot() as running:
        finding = await port(session, host, running.port)
    assert finding.state is Verdict.WELL
    assert "itself" in finding.found


@pytest.mark.parametrize("host", ["192.0.2.1", "host.invalid", "a..b", "http://0.0.0.0", "0.0.0.0:3000", "2001:db8::1"])
@pytest.mark.parametrize("number", [0, 3000])
async def test_an_address_that_is_not_this_machine_s(session: aiohttp.ClientSession, host: str, number: int) -> None:
    finding = await port(session, host, number)
    assert (finding.state, finding.check) == (Verdict.WRONG, "host")
    assert finding.do.startswith("Set HOST")


async def test_the_port_of_the_metrics_is_named(session: aiohttp.ClientSession) -> None:
    runner, number = await listening(web.Application())
    finding = await port(session, "127.0.0.1", number, "METRICS_PORT")
    await runner.cleanup()
    assert (finding.state, finding.check) == (Verdict.WRONG, "metrics port")
    assert finding.do.startswith("Set METRICS_PORT")
