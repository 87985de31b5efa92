"""A flow that waits for a person is decided on the page: by its buttons, for a tool, and with a comment in a window."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from bot.slack import wording
from tests.playground.browser.page_user import PageUser
from tests.playground.browser.stage import Stage

pytestmark = pytest.mark.browser


async def test_two_decisions_in_a_row_one_with_a_comment_and_one_on_a_tool(tab: Page, on: Stage) -> None:
    ada = PageUser(tab)
    await ada.arrive(on.url)
    on.tap.choose("two_approvals")
    await ada.open_thread(await ada.ask("Write to our new colleagues."))
    first = await ada.answered("Shall I write a draft?")
    await first.get_by_role("button", name="Proceed").click()
    second = await ada.answered("The draft is written. Shall I send it?", 2)
    await expect(ada.answers.first).to_contain_text("ada chose “Proceed”.")
    await second.get_by_role("button", name="Reject").click()
    await ada.answered("Stopped here, as you wish.", 3)
    await expect(ada.thread.get_by_role("button", name="Proceed")).to_have_count(0)

    on.tap.choose("human")
    await ada.write("@flowise new conversation", in_thread=True)
    await ada.answered("This is a new conversation:", 4)
    await ada.write("And now do it.", in_thread=True)
    asks = await ada.answered("Are you sure you want to proceed?", 5)
    await asks.get_by_role("button", name="Proceed").click()
    window = tab.get_by_role("dialog", name=wording.DECISION_TITLE)
    await expect(window.get_by_text("You are choosing “Proceed”.")).to_be_visible()
    await window.get_by_label(wording.COMMENT).fill("but gently")
    await window.get_by_role("button", name=wording.SEND).click()
    await expect(window).to_be_hidden()
    await ada.answered("Approved, done.", 6)
    assert "but gently" in str(on.sandbox.flowise.predictions[-1].body["humanInput"])

    on.tap.choose("tool_approval")
    await ada.write("@flowise new conversation", in_thread=True)
    await ada.answered("This is a new conversation:", 7)
    await ada.write("What is 21*2?", in_thread=True)
    asks = await ada.answered("input: 21*2", 8)
    await asks.get_by_role("button", name="Proceed").click()
    await ada.answered("21*2 is 42", 9)
