"""The Home tab on the page: ada, who is an admin, chooses a channel with Slack's picker, and asks by a press."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from bot.playground import demo_file
from bot.playground.flowise import STARTERS
from bot.slack import wording_of_home as wording
from tests.playground.browser.page_user import BOT, PageUser
from tests.playground.browser.stage import Stage

pytestmark = pytest.mark.browser


async def test_an_admin_sets_a_channel_in_the_home_tab(tab: Page, bare: Stage, tmp_path: Path) -> None:
    flowise = bare.sandbox.flowise
    for flow in ("rag", "plain"):
        flowise.configure(flow, starters=STARTERS)
    file = demo_file.written(tmp_path, bare.slack, flowise, bare.tap.chatflow_id)
    async with bare.bot(bot_config=file) as bot:
        ada = PageUser(tab)
        await ada.arrive(bare.url)
        await ada.go(BOT)
        await ada.main.get_by_role("tab", name="Home").click()
        home = ada.main.get_by_role("group", name="Home of the app")
        await expect(home).to_contain_text(wording.FIGURES)
        await expect(home).to_contain_text("handbook: ")
        picker = home.get_by_role("group", name=wording.CHOOSE_CHANNELS).last
        await home.locator("summary").last.click()
        await home.get_by_role("checkbox", name="general").last.check()
        await bare.slack.until(lambda: [route.flow for route in bot._live.home.routes] == ["handbook"])
        await expect(picker).to_be_attached()
        await home.get_by_role("button", name=STARTERS[0]).first.click()
        await expect(home).to_contain_text("I have your question.")
        await bare.slack.until(lambda: len(flowise.predictions) == 1 and bare.sandbox.idle)
        await ada.become("ben")
        await ada.go(BOT)
        await ada.main.get_by_role("tab", name="Home").click()
        await expect(ada.main).to_contain_text(wording.ASKABLE)
        await expect(ada.main).not_to_contain_text(wording.FIGURES)
