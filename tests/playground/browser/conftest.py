"""Starts the Chromium that the tests in a browser drive, and checks what no page of ours may do.

Tests here run on one event loop for the whole session, since starting a browser for each takes about two seconds: an
async fixture of theirs is a `pytest_asyncio.fixture(loop_scope="session")`, or it would wait on another loop.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, WebSocket, expect

from bot.store.embedded import EmbeddedValkey
from tests.playground.browser.chromium import find_chromium, launched
from tests.playground.browser.stage import Stage, stage

Staging = Callable[..., Awaitable[Stage]]

HERE = Path(__file__).parent
# Far more than anything on a page takes; whatever gets there is hung. Milliseconds.
_LONGEST = 15_000.0
# Wide enough for everything side by side.
_WIDE = {"width": 1440, "height": 900}
_LOCAL = frozenset({"127.0.0.1", "localhost"})
_INSIDE = frozenset({"data", "blob", "about"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every async test of this folder runs on the loop that the browser is on."""
    for item in items:
        if item.path.is_relative_to(HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@dataclass
class Tabs:
    """Opens pages, each in a profile of its own, and notes what none of them may do: complain, leave this machine."""

    browser: Browser
    complaints: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)
    _forgiven: list[str] = field(default_factory=list)

    async def open(self, address: str = "", **options: Any) -> Page:
        """A page in a new profile; `options` are those of Playwright's `new_context`."""
        context = await self.browser.new_context(**{"viewport": _WIDE, "locale": "en-GB"} | options)
        self._contexts.append(context)
        context.set_default_timeout(_LONGEST)
        context.on("page", self._watch)
        page = await context.new_page()
        if address:
            await page.goto(address)
        return page

    def forgive(self, words: str) -> None:
        """Let complaints that hold these words pass: the test has asked for them."""
        self._forgiven.append(words)

    def judge(self) -> None:
        """Fail where a page did what it may not."""
        left = [said for said in self.complaints if not any(words in said for words in self._forgiven)]
        assert left == []

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()

    def _watch(self, page: Page) -> None:
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.on("request", self._see)
        page.on("websocket", self._see)

    def _hear(self, message: ConsoleMessage) -> None:
        # Chromium reports here also what the Content-Security-Policy has forbidden.
        if message.type == "error":
            self.complaints.append(f"console: {message.text} ({message.location.get('url')})")

    def _see(self, request: Request | WebSocket) -> None:
        parts = urlsplit(request.url)
        if parts.hostname not in _LOCAL and parts.scheme not in _INSIDE:
            self.complaints.append(f"request to another machine: {request.url}")


@cache
def _axe() -> str:
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


async def findings(page: Page, within: str = "body") -> list[str]:
    """What axe-core holds to be serious or critical within a selector: the rule and the place."""
    if await page.evaluate("() => !globalThis.axe"):  # half a megabyte of it: once for each page
        await page.evaluate(_axe())
    found: list[str] = await page.evaluate(
        """async (within) => {
            const { violations } = await axe.run(within, { resultTypes: ["violations"] });
            return violations
                .filter(({ impact }) => impact === "serious" || impact === "critical")
                .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
                    `${id}: ${target.join(" ")} (${failureSummary})`));
        }""",
        within,
    )
    return found


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where the browser is. Without one the test is skipped; where browsers are required, it fails."""
    path = find_chromium()
    if path is None:
        reason = "the page needs a browser, and no Chromium was found: install one, or set CHROMIUM to its program"
        if os.environ.get("EVERY_TEST") == "required":
            pytest.fail(f"{reason}, and EVERY_TEST=required is set")
        pytest.skip(reason)
    return path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium(chromium_path: str) -> AsyncIterator[Browser]:
    """One browser for all tests of a process."""
    # Its own five seconds, which no context's time-out changes, are few beside other browsers on a small machine.
    expect.set_options(timeout=_LONGEST)
    async with launched(chromium_path) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def staged(tmp_path: Path) -> AsyncIterator[Staging]:
    """Starts the playground, with a store of its own; `stage` tells what may be asked for."""
    async with AsyncExitStack() as stack:

        async def put_up(**options: Any) -> Stage:
            store = EmbeddedValkey(tmp_path / "store")
            redis_url = await store.start()
            stack.push_async_callback(store.stop)
            return await stack.enter_async_context(stage(redis_url, **options))

        yield put_up


@pytest_asyncio.fixture(loop_scope="session")
async def tabs(chromium: Browser, staged: Staging) -> AsyncIterator[Tabs]:
    """Opens as many pages as a test needs; the test fails with what they did that they may not.

    They are gone before the stage is, so that none misses its server.
    """
    opened = Tabs(chromium)
    yield opened
    await opened.close()
    opened.judge()


@pytest_asyncio.fixture(loop_scope="session")
async def tab(tabs: Tabs) -> Page:
    """A fresh page in a profile of its own."""
    return await tabs.open()


@pytest_asyncio.fixture(loop_scope="session")
async def bare(staged: Staging) -> Stage:
    """The playground without a bot: for one that the test starts, or an app of its own."""
    return await staged()


@pytest_asyncio.fixture(loop_scope="session")
async def on(bare: Stage) -> AsyncIterator[Stage]:
    """The whole playground, with the real bot."""
    async with bare.bot():
        yield bare
