"""The page for everybody: light and dark, small screens, the keyboard alone, and whoever listens to it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.playground.browser.conftest import Tabs, findings
from tests.playground.browser.page_user import BOT, PageUser
from tests.playground.browser.shop import shop
from tests.playground.browser.stage import Stage

pytestmark = pytest.mark.browser

QUESTION = "How long is it remembered?"
NARROW = {"width": 390, "height": 780}
BACKGROUND = "() => getComputedStyle(document.querySelector('main')).backgroundColor"


def brightness(colour: str) -> float:
    """Of a colour as computed styles give it, from 0 to 1."""
    red, green, blue = (float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3])
    return (red + green + blue) / 765


async def sideways(page: Page) -> float:
    """How many pixels of the page lie beyond its right edge."""
    found: float = await page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    return found


async def test_it_is_dark_where_the_system_is(tabs: Tabs, on: Stage) -> None:
    seen = {}
    for scheme in ("light", "dark"):
        ada = PageUser(await tabs.open(color_scheme=scheme))
        await ada.arrive(on.url)
        seen[scheme] = brightness(await ada.page.evaluate(BACKGROUND))
    assert seen["light"] > 0.9
    assert seen["dark"] < 0.2


async def test_the_switch_overrules_the_system_and_is_kept(tab: Page, on: Stage) -> None:
    ada = PageUser(tab)
    await ada.arrive(on.url)
    switch = ada.main.get_by_role("button", name="Colours: ")
    await switch.click()
    assert brightness(await tab.evaluate(BACKGROUND)) > 0.9
    await switch.click()
    assert brightness(await tab.evaluate(BACKGROUND)) < 0.2
    await tab.reload()
    await expect(ada.box()).to_be_editable()
    assert brightness(await tab.evaluate(BACKGROUND)) < 0.2


async def test_on_a_small_screen_one_pane_is_seen_at_a_time(tabs: Tabs, on: Stage) -> None:
    ada = PageUser(await tabs.open(viewport=NARROW, has_touch=True, is_mobile=True))
    await ada.arrive(on.url)
    assert await sideways(ada.page) <= 0
    await ada.ask_first(QUESTION)
    await expect(ada.thread).to_be_in_viewport()
    await expect(ada.main).not_to_be_in_viewport()
    await ada.answered("Sources")
    assert await sideways(ada.page) <= 0
    await ada.write("And now?", in_thread=True)
    await ada.answered("And now?", 2)
    await ada.thread.get_by_role("button", name="Inspector").click()
    await expect(ada.inspector.get_by_role("tab", name="Timeline")).to_be_in_viewport()
    await expect(ada.thread).not_to_be_in_viewport()
    await ada.inspector.get_by_role("button", name="Back from the inspector").click()
    await expect(ada.thread.get_by_role("button", name="Inspector")).to_be_focused()
    await ada.page.go_back()
    await expect(ada.thread).to_be_hidden()
    await expect(ada.main).to_be_in_viewport()
    await ada.main.get_by_role("button", name="2 replies").or_(ada.main.get_by_role("button", name="3 replies")).click()
    await ada.thread.get_by_role("button", name="Back to the messages").click()
    await ada.main.get_by_role("button", name="Back to the channels").click()
    await ada.go(BOT)
    await expect(ada.box()).to_be_in_viewport()
    assert await sideways(ada.page) <= 0


@pytest.mark.parametrize("how", ["light", "dark", "narrow", "narrow and dark"])
async def test_no_serious_finding(tabs: Tabs, on: Stage, how: str) -> None:
    options: dict[str, Any] = {"color_scheme": "dark" if "dark" in how else "light"}
    if "narrow" in how:
        options["viewport"] = NARROW
    ada = PageUser(await tabs.open(**options))
    await on.slack.say(on.slack.user("ben"), on.slack.channel("partners"), f"<@{on.sandbox.ada}> look")
    on.slack.limits = "off"  # which the page calls a fault
    await ada.arrive(on.url)
    found = {"at first": await findings(ada.page)}
    if "narrow" in how:
        await ada.main.get_by_role("button", name="Back to the channels").click()
        found["the channels"] = await findings(ada.page)
        await ada.go("general")
    await ada.ask_first(QUESTION)
    await ada.answered("Sources")
    await on.slack.until(lambda: on.sandbox.idle)
    found["a thread"] = await findings(ada.page)
    if "narrow" not in how:
        for panel in ("Calls", "Versions", "Controls", "Timeline", "Flowise", "Redis"):
            await ada.inspect(panel)
            found[panel] = await findings(ada.page, "aside")
    assert {place: said for place, said in found.items() if said} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_serious_finding_in_a_modal(tabs: Tabs, bare: Stage, scheme: str) -> None:
    async with shop(bare.slack):
        ada = PageUser(await tabs.open(color_scheme=scheme))
        await ada.arrive(bare.url)
        await ada.ask("what is there?")
        await ada.message("Bread of today").get_by_role("button", name="Order").click()
        modal = ada.page.get_by_role("dialog", name="Order bread")
        await modal.get_by_label("How many?").fill("many")
        await modal.get_by_label("Today").check()
        await modal.get_by_role("button", name="Order").click()
        await expect(modal.get_by_text("Please write a number.")).to_be_visible()
        assert await findings(ada.page) == []


async def test_the_keyboard_is_enough_from_arriving_to_an_answer_in_the_thread(tab: Page, on: Stage) -> None:
    ada, keys = PageUser(tab), tab.keyboard
    await ada.arrive(on.url)
    await expect(ada.box()).to_be_focused()
    await keys.type(f"@{BOT[:3]}")
    await keys.press("Enter")
    await keys.type(QUESTION)
    await keys.press("Enter")
    await expect(ada.box(in_thread=True)).to_be_focused()
    await ada.answered("Sources")
    await keys.type("And now?")
    await keys.press("Enter")
    await ada.answered("And now?", 2)
    await keys.press("Escape")
    await expect(ada.thread).to_be_hidden()
    asked = ada.message(QUESTION)
    await expect(asked).to_be_focused()
    await ada.write(f"@{BOT} once more")
    await expect(ada.message("once more").get_by_role("button", name="1 reply")).to_be_visible()
    await expect(ada.thread).to_be_hidden()  # by then one knows where answers come
    # The list is one stop of Tab; what stands in a message is reached from it by the arrow keys.
    await keys.press("Shift+Tab")
    again = ada.message("once more")
    await expect(again).to_be_focused()
    await keys.press("Tab")
    await expect(ada.box()).to_be_focused()
    await keys.press("Shift+Tab")
    await keys.press("ArrowRight")
    await expect(again.get_by_role("button", name="1 reply")).to_be_focused()
    await keys.press("Tab")
    await expect(again.get_by_role("button", name="React")).to_be_focused()
    await keys.press("ArrowLeft")
    await keys.press("ArrowLeft")
    await expect(again).to_be_focused()
    await keys.press("Tab")
    await expect(ada.box()).to_be_focused()


async def test_whoever_begins_to_write_writes_into_the_box_wherever_the_focus_is(tab: Page, on: Stage) -> None:
    ada, keys = PageUser(tab), tab.keyboard
    await ada.arrive(on.url)
    await ada.write("hello")
    for number, place in enumerate(("Colours: ", "Keys", "Inspector")):
        await ada.main.get_by_role("button", name=place).focus()
        await keys.type("a b")
        await expect(ada.box()).to_have_value("a b" * (number + 1))
    await ada.message("hello").focus()
    await keys.press("Shift+X")
    await expect(ada.box()).to_have_value("a ba ba bX")
    await ada.message("hello").get_by_text("hello").click()
    await keys.type("e")
    await expect(ada.box()).to_have_value("a ba ba bXe")
    await keys.press("Backspace")
    await ada.message("hello").focus()
    await keys.press("e")  # which edits the message, for whoever goes by the keys
    await expect(ada.box()).to_have_value("hello")
    await keys.press("Escape")
    # Choosing a place, in the sidebar or by name, is followed by writing there; so are F6 and the second skip link.
    await ada.go("partners")
    await expect(ada.box()).to_be_focused()
    await keys.press("Control+k")
    await keys.type("gen")
    await keys.press("Enter")
    await expect(ada.box()).to_be_focused()
    await expect(ada.box()).to_have_value("a ba ba bX")
    await keys.press("Shift+F6")
    await expect(ada.message("hello")).to_be_focused()
    await keys.press("F6")
    await expect(ada.box()).to_be_focused()
    await tab.get_by_role("link", name="Skip to the messages").focus()
    await keys.press("Tab")
    await keys.press("Enter")
    await expect(ada.box()).to_be_focused()
    await keys.press("F6")
    await expect(ada.sidebar.get_by_role("button", name="general")).to_be_focused()
    await keys.press("Control+k")
    await keys.type("x")
    await expect(ada.box()).to_have_value("a ba ba bX")  # that was for the dialog
    await keys.press("Escape")
    await ada.go(BOT)
    await ada.main.get_by_role("tab", name="About").click()
    await keys.type("y")  # no box is to be seen
    await tab.get_by_role("link", name="Skip to the message box").focus()
    await keys.press("Enter")
    await expect(ada.box()).to_be_focused()
    await expect(ada.box()).to_have_value("")


async def test_the_focus_stays_near_a_message_that_is_deleted(tab: Page, on: Stage) -> None:
    ada, keys = PageUser(tab), tab.keyboard
    await ada.arrive(on.url)
    for words in ("first", "second", "third", "fourth"):
        await ada.write(words)
    second = ada.message("second")
    await second.hover()
    await second.get_by_role("button", name="Delete").click()
    await keys.press("Escape")
    await expect(second).to_be_focused()
    await keys.press("Delete")
    await tab.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(second).to_have_count(0)
    await expect(ada.message("third")).to_be_focused()
    await keys.press("ArrowUp")
    await expect(ada.message("first")).to_be_focused()


async def test_whoever_walks_over_a_message_hears_who_wrote_what_and_how_many_replied(tab: Page, on: Stage) -> None:
    ada = PageUser(tab)
    await ada.arrive(on.url)
    asked = await ada.ask(QUESTION)
    await expect(asked).to_have_accessible_name(re.compile(r"^ada, .*, 1 reply$"))
    await expect(asked).to_have_accessible_description(re.compile(re.escape(QUESTION)))


async def test_whoever_listens_hears_the_whole_answer_once(tab: Page, on: Stage) -> None:
    ada = PageUser(tab)
    await ada.arrive(on.url)
    await tab.evaluate(
        """() => {
            window.said = [];
            const heard = ({ target }) => {
                const live = (target.nodeType === 1 ? target : target.parentElement)?.closest("[aria-live=polite]");
                if (live?.textContent) window.said.push(live.textContent);
            };
            new MutationObserver((all) => all.forEach(heard)).observe(
                document.body, { childList: true, characterData: true, subtree: true });
        }"""
    )
    await ada.open_thread(await ada.ask(QUESTION))
    await ada.answered("Sources")
    await tab.wait_for_function("() => window.said.length > 0")
    await ada.write("What did I ask before?", in_thread=True)
    await tab.wait_for_function("() => window.said.length > 1")
    first, second = await tab.evaluate("() => window.said")
    assert first.startswith("Flowise answered: 30 days")
    assert "I have kept the turns" in second
