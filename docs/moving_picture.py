"""Takes the moving picture of the README: a question, its steps, words and sources, and a decision, in 20 seconds."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Page, expect

from docs.playground_in_browser import opened, playground
from tests.playground.browser.page_user import PageUser

HERE = Path(__file__).parent
SIZE = (1080, 640)
SCALE = 1.5
QUESTION = "How long does the bot remember a conversation?"
FOLLOW_UP = "Write to our new colleagues, please."
# Seconds: how long nothing changes at most, at the end, and between two looks.
LONGEST, LAST, _PAUSE = 1.0, 2.5, 0.1
# A divisor of 255, so that white stays white.
_SHADE = 5
# Milliseconds that an answer may take, and that somebody reads.
_PATIENCE, _READ = 40_000, 1000


async def take(browser: Browser, scheme: str) -> None:
    """Make the picture in light or dark."""
    async with playground(bot_regenerate=False) as on:
        on.tap.choose("reasoning")
        page = await opened(browser, on, scheme, SIZE, SCALE)
        ada, ben = PageUser(page), on.slack.user("ben")
        await on.slack.say(ben, on.general, "Good morning! Flowise is in this channel now: mention it and ask.")
        async with _recorded(page) as film:
            await _typed(ada, f"@flowise {QUESTION}")
            await ada.open_thread(ada.message(QUESTION).last)
            await page.mouse.move(0, 0)
            await expect(ada.answers).to_contain_text("Sources", timeout=_PATIENCE)
            await page.wait_for_timeout(_READ)
            on.tap.choose("two_approvals")
            await _typed(ada, FOLLOW_UP, in_thread=True)
            for asks in ("Shall I write a draft?", "Shall I send it?"):
                button = ada.message(asks, in_thread=True).get_by_role("button", name="Proceed")
                await button.hover(timeout=_PATIENCE)
                await page.wait_for_timeout(_READ)
                await button.click()
                await page.mouse.move(0, 0)
                await expect(button).to_be_hidden(timeout=_PATIENCE)
            await on.slack.until(lambda: on.sandbox.idle, 30.0)
            await page.wait_for_timeout(_READ)
        await page.context.close()
    await asyncio.to_thread(film.save, HERE / f"moving-{scheme}.webp")


async def _typed(ada: PageUser, text: str, *, in_thread: bool = False) -> None:
    box = ada.box(in_thread=in_thread)
    await box.press_sequentially(text, delay=25)
    await box.press("Enter")
    await expect(box).to_have_value("")


@dataclass(slots=True)
class _Film:
    """Pictures as PNG, each unlike the one before it, and when it was taken, in seconds."""

    taken: list[tuple[float, bytes]] = field(default_factory=list)

    def add(self, at: float, picture: bytes) -> None:
        if not self.taken or self.taken[-1][1] != picture:
            self.taken.append((at, picture))

    def save(self, path: Path) -> None:
        times = [at for at, _ in self.taken]
        lasting = [*(min(later - at, LONGEST) for at, later in itertools.pairwise(times)), LAST]
        first, *others = [_in_few_shades(png) for _, png in self.taken]
        first.save(
            path,
            save_all=True,
            append_images=others,
            duration=[round(seconds * 1000) for seconds in lasting],
            loop=0,
            lossless=True,
            # With Pillow's own 0 the same pictures are four times as large.
            method=4,
            # All but the first tell only what has changed.
            kmin=len(times),
            kmax=len(times) + 1,
        )


def _in_few_shades(png: bytes) -> Image.Image:
    """A picture with every fifth shade of each colour, white and black among them, which nobody sees: without the
    hundreds of shades at the edges of text it is much smaller."""
    return Image.open(BytesIO(png)).convert("RGB").point([round(level / _SHADE) * _SHADE for level in range(256)] * 3)


@asynccontextmanager
async def _recorded(page: Page) -> AsyncIterator[_Film]:
    film = _Film()

    async def look() -> None:
        while True:
            film.add(time.monotonic(), await page.screenshot(animations="disabled"))
            await asyncio.sleep(_PAUSE)

    looking = asyncio.create_task(look())
    try:
        yield film
    finally:
        looking.cancel()
        await asyncio.wait([looking])
