"""Opens the playground in a Chromium for pictures: the real bot, on one morning, in one font."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Browser, Page

from bot.playground import demo_file
from bot.playground.flowise import STARTERS
from bot.store.embedded import EmbeddedValkey
from tests.playground.browser.page_user import PageUser
from tests.playground.browser.stage import Stage, stage

SCHEMES = ("light", "dark")
# A morning that is over: the times in a picture are not to change from one making of it to the next.
MORNING = datetime(2026, 3, 4, 9, 41, tzinfo=UTC).timestamp()
# What stands on most machines as system-ui looks more like this than like a bare Linux's DejaVu.
FONT = '"Inter", "Liberation Sans", "Arimo", Arial, sans-serif'


@asynccontextmanager
async def playground(*, with_file: bool = False, **changes: object) -> AsyncIterator[Stage]:
    """The playground on its morning, with the pace of the demo, and these settings of the bot changed; `with_file`: and
    with the demo's configuration file, and starter prompts."""
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        store = EmbeddedValkey(Path(folder))
        try:
            # What the bot counts is counted in hours that are not over yet, and the Home tab shows no time.
            redis_url, wall = await store.start(), time.time if with_file else _from(MORNING)
            async with stage(redis_url, tokens_per_second=40.0, latency=0.1, wall=wall) as on:
                given = {"bot_config": _file(Path(folder), on), **changes} if with_file else changes
                async with on.bot(**given):
                    yield on
        finally:
            await store.stop()


def _file(folder: Path, on: Stage) -> Path:
    flowise = on.sandbox.flowise
    flowise.configure("rag", starters=STARTERS)
    return demo_file.written(folder, on.slack, flowise, on.tap.chatflow_id)


def _from(moment: float) -> Callable[[], float]:
    began = time.monotonic()
    return lambda: moment + time.monotonic() - began


async def opened(browser: Browser, on: Stage, scheme: str, size: tuple[int, int], scale: float = 2.0) -> Page:
    """The playground's page in light or dark; `size` is in CSS pixels, of `scale` squared dots each."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        device_scale_factor=scale,
        locale="en-GB",
        timezone_id="UTC",
    )
    page = await context.new_page()
    await page.clock.set_fixed_time(datetime.fromtimestamp(MORNING + 30, UTC))
    await PageUser(page).arrive(on.url)
    await page.evaluate("(font) => document.documentElement.style.setProperty('--font', font)", FONT)
    return page
