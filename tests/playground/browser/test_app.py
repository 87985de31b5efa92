"""What other apps use of Slack, on the page, with a Bolt app that answers: buttons, menus, modals, the Home tab."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.playground.browser.page_user import PageUser
from tests.playground.browser.shop import shop
from tests.playground.browser.stage import Stage

pytestmark = pytest.mark.browser


@pytest_asyncio.fixture(loop_scope="session")
async def ada(tab: Page, bare: Stage) -> AsyncIterator[PageUser]:
    """A person at the page of a playground whose app is the shop."""
    async with shop(bare.slack):
        page_user = PageUser(tab)
        await page_user.arrive(bare.url)
        yield page_user


async def test_a_button_opens_a_modal_that_is_corrected_and_taken(ada: PageUser, bare: Stage) -> None:
    await ada.ask("what is there?")
    offer = ada.message("Bread of today").last
    await offer.get_by_role("button", name="Order").click()
    modal = ada.page.get_by_role("dialog", name="Order bread")
    count = modal.get_by_label("How many?")
    await expect(count).to_be_focused()
    await count.fill("a lot")
    await modal.get_by_label("Tomorrow").check()
    await modal.get_by_role("button", name="Order").click()
    await expect(modal.get_by_text("Please write a number.")).to_be_visible()
    await expect(count).to_have_attribute("aria-invalid", "true")
    await expect(count).to_have_value("a lot")
    await count.fill("12")
    await modal.get_by_role("button", name="Order").click()
    await expect(modal).to_be_hidden()
    await expect(ada.message("12 loaves for tomorrow.")).to_be_visible()
    assert bare.slack.violations == []


async def test_a_modal_is_left_by_escape(ada: PageUser) -> None:
    await ada.ask("what is there?")
    order = ada.message("Bread of today").last.get_by_role("button", name="Order")
    await order.focus()
    await order.press("Enter")
    modal = ada.page.get_by_role("dialog", name="Order bread")
    await expect(modal).to_be_visible()
    await ada.page.keyboard.press("Escape")
    await expect(modal).to_be_hidden()
    await expect(order).to_be_focused()


async def test_a_modal_is_of_the_person_who_opened_it(ada: PageUser) -> None:
    other = PageUser(await ada.page.context.new_page())
    await other.arrive(ada.page.url)
    await other.become("ben")
    await ada.ask("what is there?")
    await ada.message("Bread of today").last.get_by_role("button", name="Order").click()
    modal = ada.page.get_by_role("dialog", name="Order bread")
    await expect(modal).to_be_visible()
    await expect(other.message("Bread of today")).to_be_visible()
    await expect(other.page.get_by_role("dialog", name="Order bread")).to_be_hidden()
    await expect(modal).to_be_visible()


async def test_a_menu_tells_the_app_what_was_chosen(ada: PageUser) -> None:
    await ada.ask("what is there?")
    await ada.message("Bread of today").last.get_by_role("combobox", name="Size").select_option("Large")
    await expect(ada.message("So it is a large one.")).to_be_visible()


async def test_the_home_tab_is_published_when_it_is_opened(ada: PageUser) -> None:
    await ada.go("flowise")
    await ada.main.get_by_role("tab", name="Home").click()
    await expect(ada.main.get_by_role("heading", name="The bakery")).to_be_visible()
    await expect(ada.main.get_by_role("button", name="Order")).to_be_visible()
