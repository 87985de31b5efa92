"""More than one page at a time, and a page that loses its connection: all come to show the same."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Locator, Page, WebSocketRoute, expect

from tests.playground.browser.conftest import Tabs
from tests.playground.browser.page_user import PageUser
from tests.playground.browser.stage import Stage

pytestmark = pytest.mark.browser


async def arrived(tabs: Tabs, on: Stage, name: str = "ada") -> PageUser:
    page_user = PageUser(await tabs.open())
    await page_user.arrive(on.url)
    if name != "ada":
        await page_user.become(name)
    return page_user


async def texts(messages: Locator) -> list[str]:
    return [await message.locator(".body").inner_text() for message in await messages.all()]


Reading = Callable[[Locator], Awaitable[list[str]]]


async def agree(one: Locator, other: Locator, read: Reading = texts) -> None:
    """Wait until two pages show the same texts: neither is sure to have drawn the last of it when the other has."""
    async with asyncio.timeout(15):
        while await read(one) != await read(other):
            await one.page.wait_for_timeout(50)
    assert await read(one)


async def test_two_pages_agree(tabs: Tabs, on: Stage) -> None:
    ada, ben = await arrived(tabs, on), await arrived(tabs, on, "ben")
    await ada.write("good morning")
    await expect(ben.message("good morning")).to_be_visible()
    asked = await ben.ask("How long is it remembered?")
    await ben.open_thread(asked)
    await ada.open_thread(ada.message("How long is it remembered?"))
    await ben.answered("Sources")
    await ada.answered("Sources")
    await on.slack.until(lambda: on.sandbox.idle)
    await agree(ada.answers, ben.answers, Locator.all_inner_texts)
    await agree(ada.messages(), ben.messages())
    await agree(ada.messages(in_thread=True), ben.messages(in_thread=True))
    await ada.write("thank you", in_thread=True)
    await expect(ben.message("thank you", in_thread=True).first).to_be_visible()


async def test_a_page_that_comes_later_shows_the_same(tabs: Tabs, on: Stage) -> None:
    ada = await arrived(tabs, on)
    await ada.open_thread(await ada.ask("How long is it remembered?"))
    await ada.answered("Sources")
    await on.slack.until(lambda: on.sandbox.idle)
    late = PageUser(await tabs.open())
    await late.arrive(ada.page.url)  # the address says which thread is open
    await expect(late.answers).to_have_count(1)
    await agree(late.messages(in_thread=True), ada.messages(in_thread=True))


@dataclass
class Line:
    """What lies between pages and the server: their live connections, which can be cut."""

    whole: bool = True
    open: list[WebSocketRoute] = field(default_factory=list)

    async def lead(self, socket: WebSocketRoute) -> None:
        if self.whole:
            socket.connect_to_server()
            self.open.append(socket)
        else:
            await socket.close()

    async def cut(self) -> None:
        self.whole = False
        for socket in self.open:
            await socket.close()


async def test_a_page_that_loses_its_connection_catches_up(tab: Page, on: Stage) -> None:
    line, ada, away = Line(), PageUser(tab), tab.get_by_text("Not connected to the playground")
    await tab.route_web_socket(re.compile("/live$"), line.lead)
    await ada.arrive(on.url)
    await ada.write("before")
    await ada.message("before").evaluate("(it) => { window.kept = it; }")
    await line.cut()
    await expect(away).to_be_visible()
    await on.slack.say(on.slack.user("ben"), on.general, "meanwhile")
    line.whole = True
    await expect(ada.message("meanwhile")).to_be_visible()
    await expect(away).to_have_count(0)
    await expect(ada.messages()).to_have_count(2)
    # What was there is not drawn anew: whoever reads or selects it is not disturbed.
    assert await ada.message("before").evaluate("(it) => it === window.kept")
