"""Finds and does what a person would on the page, by the names that a screen reader tells."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect

BOT = "flowise"


@dataclass(frozen=True)
class PageUser:
    """A person at a page of the playground."""

    page: Page

    @property
    def sidebar(self) -> Locator:
        return self.page.get_by_role("navigation", name="Channels, conversations and apps")

    @property
    def main(self) -> Locator:
        return self.page.get_by_role("main")

    @property
    def thread(self) -> Locator:
        return self.page.get_by_role("region", name="Thread")

    @property
    def inspector(self) -> Locator:
        return self.page.get_by_role("complementary", name="Inspector")

    def box(self, *, in_thread: bool = False) -> Locator:
        """Where one writes."""
        name = "Reply in the thread" if in_thread else re.compile("^Message ")
        return (self.thread if in_thread else self.main).get_by_label(name)

    def messages(self, *, in_thread: bool = False) -> Locator:
        return (self.thread if in_thread else self.main).get_by_role("article")

    def message(self, text: str | re.Pattern[str], *, in_thread: bool = False) -> Locator:
        return self.messages(in_thread=in_thread).filter(has_text=text)

    @property
    def answers(self) -> Locator:
        """The bot's messages in the thread that is open."""
        return self.thread.get_by_role("article", name=re.compile(rf"^{BOT}, app"))

    async def arrive(self, url: str) -> None:
        """Open the page, and wait until one can write."""
        await self.page.goto(url)
        await expect(self.box()).to_be_editable()

    async def go(self, place: str) -> None:
        """Choose a channel, a conversation or the app in the sidebar."""
        await self.sidebar.get_by_role("button", name=place).click()

    async def become(self, name: str) -> None:
        """Be somebody else from now on."""
        await self.sidebar.get_by_role("button", name=re.compile("^You are")).click()
        await self.page.get_by_role("button", name=re.compile(rf"^{name}\b")).last.click()

    async def write(self, text: str, *, in_thread: bool = False) -> None:
        """Write a message and send it by Enter."""
        box = self.box(in_thread=in_thread)
        await box.fill(text)
        await box.press("Enter")
        await expect(box).to_have_value("")

    async def ask(self, question: str) -> Locator:
        """Mention the bot in the channel that is open; the message, once it is seen there."""
        await self.write(f"@{BOT} {question}")
        asked = self.message(question).last
        await expect(asked).to_be_visible()
        return asked

    async def ask_first(self, question: str) -> None:
        """Mention the bot for the first time: the thread opens by itself, on a small screen in place of the channel."""
        await self.box().fill(f"@{BOT} {question}")
        await self.box().press("Enter")
        await expect(self.box(in_thread=True)).to_be_visible()

    async def open_thread(self, message: Locator) -> None:
        """Open the thread under a message of the channel, be there replies or not yet."""
        await message.hover()
        await message.get_by_role("button", name="Reply in thread").click()
        await expect(self.thread).to_be_visible()

    async def inspect(self, tab: str) -> Locator:
        """Open the inspector, if it is not, and choose one of its tabs; what that shows."""
        toggle = self.main.get_by_role("button", name="Inspector")
        if await toggle.get_attribute("aria-pressed") != "true":
            await toggle.click()
        await self.inspector.get_by_role("tab", name=tab).click()
        return self.inspector.get_by_role("tabpanel", name=tab)

    async def answered(self, text: str | re.Pattern[str], count: int = 1) -> Locator:
        """The last of so many answers in the open thread, once it holds a text."""
        await expect(self.answers).to_have_count(count)
        await expect(self.answers.last).to_contain_text(text)
        return self.answers.last
