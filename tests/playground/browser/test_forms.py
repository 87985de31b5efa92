"""A form that a flow begins with is filled in on the page, and a flow says there who has asked."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from bot.slack import wording, wording_of_forms
from tests.playground.browser.page_user import PageUser
from tests.playground.browser.stage import Stage

pytestmark = pytest.mark.browser


async def test_a_form_is_filled_in_and_a_flow_is_told_who_asks(tab: Page, bare: Stage) -> None:
    async with bare.bot(flowise_vars="user_name,channel_name"):
        ada = PageUser(tab)
        await ada.arrive(bare.url)
        await (await ada.inspect("Controls")).get_by_label("Flow", exact=True).select_option("Begins with a form")
        await ada.open_thread(await ada.ask("a loaf of rye"))
        asks = await ada.answered(wording_of_forms.FORM_NEEDED)
        await asks.get_by_role("button", name=wording_of_forms.OPEN_FORM).click()
        form = tab.get_by_role("dialog", name="Order")
        await expect(form.get_by_label("Item")).to_have_value("a loaf of rye")
        await form.get_by_label("How many").fill("1e20")
        await form.get_by_role("radio", name=wording_of_forms.NO).check()
        await form.get_by_label("Size").select_option("large")
        await form.get_by_role("button", name=wording.SEND).click()
        await expect(form).to_contain_text(wording_of_forms.NO_NUMBER)
        await form.get_by_label("How many").fill("2")
        await form.get_by_role("button", name=wording.SEND).click()
        await expect(form).to_be_hidden()
        await ada.answered("count: 2")
        assert bare.sandbox.flowise.predictions[-1].body["form"] == {
            "item": "a loaf of rye",
            "count": 2,
            "gift": False,
            "size": "large",
        }
        await ada.inspector.get_by_label("Flow", exact=True).select_option("Is told who asks")
        await ada.write("And who am I?", in_thread=True)
        await ada.answered("Asked by ada in #general.", 2)
