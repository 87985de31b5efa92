"""How the page keeps up: a thousand messages are scrolled without holding the browser up."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import Browser, JSHandle, Locator, Page, expect

from tests.playground.browser.page_user import PageUser
from tests.playground.browser.stage import Stage

pytestmark = pytest.mark.browser

MESSAGES = 1_000
# A task that takes longer is one that a person notices (W3C, Long Tasks API). Milliseconds.
LONG = 50.0
TRIES = 3

# To the first message and back, a screen or so a frame.
_SCROLL = """async (scroller) => {
    const frame = () => new Promise(requestAnimationFrame);
    for (const way of [-1, 1]) {
        for (let step = 0; step < 60; step += 1) {
            scroller.scrollTop += (way * scroller.scrollHeight) / 60;
            await frame();
        }
    }
    await frame();
}"""
_HOLD_UP = """async () => {
    const until = performance.now() + 400;
    while (performance.now() < until);
}"""


async def long_tasks(chromium: Browser, on: Locator | JSHandle, work: str) -> list[float]:
    """Do some work in a page; the tasks that kept its thread busy for too long meanwhile, in milliseconds.

    It is the time on a processor that counts, as the browser's own tracing tells it: a machine that has others to serve
    makes every task seem long.
    """
    await chromium.start_tracing(categories=["disabled-by-default-devtools.timeline", "__metadata"])
    await on.evaluate(work)
    events: list[dict[str, Any]] = json.loads(await chromium.stop_tracing())["traceEvents"]
    pages = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [event for event in events if event["name"] == "RunTask" and (event["pid"], event["tid"]) in pages]
    assert tasks
    return [time for task in tasks if (time := task.get("tdur", 0) / 1_000) > LONG]


async def test_a_thousand_messages_scroll_without_a_long_task(chromium: Browser, tab: Page, bare: Stage) -> None:
    slack, people = bare.slack, [bare.slack.user(name) for name in ("ada", "ben", "gus")]
    for number in range(MESSAGES):
        text = f"{number} of a thousand, with `code`, a <https://example.com/{number}|link> and <@{people[0]}>"
        await slack.say(people[number // 3 % 3], bare.general, text + "\n> quoted" * (number % 5 == 0))
    ada = PageUser(tab)
    await ada.arrive(bare.url)
    await expect(ada.message("999 of a thousand")).to_be_in_viewport()
    await expect(ada.messages()).to_have_count(MESSAGES, timeout=30_000)
    tries: list[list[float]] = []
    while len(tries) < TRIES and not (tries and tries[-1] == []):
        tries.append(await long_tasks(chromium, ada.main.locator(".scroller"), _SCROLL))
    assert min(tries, key=len) == []


async def test_a_task_that_is_long_is_seen(chromium: Browser, tab: Page) -> None:
    assert await long_tasks(chromium, tab.locator("body"), _HOLD_UP)
