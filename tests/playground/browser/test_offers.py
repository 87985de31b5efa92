"""What a flow suggests is asked with a click on the page, and its answers are rated there."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from bot.playground.flowise.agentflows import STARTERS
from bot.slack import wording
from tests.playground.browser.page_user import PageUser
from tests.playground.browser.stage import Stage

pytestmark = pytest.mark.browser


async def test_starters_and_suggestions_are_asked_and_an_answer_is_rated_with_a_comment(tab: Page, on: Stage) -> None:
    ada = PageUser(tab)
    await ada.arrive(on.url)
    on.tap.choose("suggests")
    await ada.write("@flowise")
    await tab.get_by_role("button", name=STARTERS[0]).click()
    await expect(ada.message("ada asked:").last).to_contain_text(STARTERS[0])
    await ada.open_thread(await ada.ask("What can you do?"))
    await ada.answered("This is question 1 of this chat")
    answer = ada.answers.first
    await answer.get_by_role("button", name="What did I ask before?").click()
    await expect(ada.answers.nth(1)).to_contain_text("ada asked:")
    await ada.answered("What can you do?", 3)

    await answer.get_by_role("button", name=wording.BAD_ANSWER).click()
    window = tab.get_by_role("dialog", name=wording.RATING_TITLE)
    await window.get_by_label(wording.COMMENT).fill("Too short.")
    await window.get_by_role("button", name=wording.SEND).click()
    await expect(window).to_be_hidden()
    rows = on.sandbox.flowise.ratings.rows
    await on.slack.until(lambda: [row["content"] for row in rows.values()] == ["Too short."])
    await answer.get_by_role("button", name=wording.GOOD_ANSWER).click()
    await on.slack.until(lambda: [row["rating"] for row in rows.values()] == ["THUMBS_UP"])
