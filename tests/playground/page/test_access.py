"""Who may come where the port is one that a test may not have; the rest is asked over HTTP (browser/test_access.py)."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from bot.playground.page.access import guarded


async def _inside(_: web.Request) -> web.StreamResponse:
    return web.Response(text="inside")


@pytest.mark.parametrize(
    ("host", "port", "comes_in"),
    [
        ("127.0.0.1", 80, True),
        ("localhost", 80, True),
        ("127.0.0.1:80", 80, True),
        ("127.0.0.1", 8080, False),
        ("evil.example", 80, False),
        ("127.0.0.1:81", 80, False),
    ],
)
async def test_a_browser_leaves_port_80_out(host: str, port: int, comes_in: bool) -> None:
    transport = asyncio.Transport({"sockname": ("127.0.0.1", port)})
    request = make_mocked_request("GET", "/", headers={"Host": host, "Origin": f"http://{host}"}, transport=transport)
    if comes_in:
        assert (await guarded(request, _inside)).status == 200
    else:
        with pytest.raises(web.HTTPMisdirectedRequest):
            await guarded(request, _inside)
