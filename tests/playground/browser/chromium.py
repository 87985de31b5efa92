"""Finds a Chromium on this machine, and starts it."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

# The same engine without a browser's own windows, which are pages as well, comes first: the tests here take half of the
# computing with it.
_NAMES = (
    *("chromium-headless-shell", "chrome-headless-shell"),
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
)
_ON_MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
# A page that is not in front would get its timers once a second, and no frames.
_AWAKE = (
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
)


def find_chromium() -> str | None:
    """The program at CHROMIUM, or the first that is on the PATH, or Chrome's usual place on macOS."""
    given = os.environ.get("CHROMIUM")
    if given:
        return shutil.which(given)
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    return found or (str(_ON_MACOS) if _ON_MACOS.exists() else None)


@asynccontextmanager
async def launched(program: str) -> AsyncIterator[Browser]:
    """A browser without a window."""
    # Its sandbox refuses to run as root, as which CI runs in a container.
    rootless = () if os.geteuid() else ("--no-sandbox",)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=[*_AWAKE, *rootless])
        try:
            yield browser
        finally:
            await browser.close()
