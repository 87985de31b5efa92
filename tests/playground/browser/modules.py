"""Runs a module of the page by itself: in the browser, from a server that has the page's files alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Browser, Page

from tests.playground.browser.conftest import Tabs

_STATIC = Path(__file__).parents[3] / "bot/playground/page/static"
_BLANK = '<!doctype html><html lang="en"><title>modules</title><link rel="icon" href="data:,">'


class Modules:
    """The page's modules in a blank page."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def run(self, path: str, body: str, given: object = None) -> Any:
        """What a function's body returns; `module` is the one at a path under static/, `given` what is handed in."""
        script = f"async ([path, given]) => {{ const module = await import(path); {body} }}"
        return await self._page.evaluate(script, [f"/static/{path}", given])


@asynccontextmanager
async def modules_in(browser: Browser) -> AsyncIterator[Modules]:
    """Modules, and a page and a server for as long as they are used."""

    async def blank(_: web.Request) -> web.Response:
        return web.Response(text=_BLANK, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", blank)
    app.router.add_static("/static", _STATIC)
    runner, tabs = web.AppRunner(app), Tabs(browser)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield Modules(await tabs.open(f"http://127.0.0.1:{runner.addresses[0][1]}/"))
    finally:
        await tabs.close()
        await runner.cleanup()
    tabs.judge()
