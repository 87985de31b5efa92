"""Takes the pictures of the playground that the documents show: the real bot answers, and Chromium takes the pictures.

python -m docs.screenshots
"""

from __future__ import annotations

import asyncio
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Page, expect

from docs import moving_picture
from docs.playground_in_browser import SCHEMES, opened, playground
from tests.playground.browser.chromium import find_chromium, launched
from tests.playground.browser.page_user import PageUser
from tests.playground.browser.stage import Stage

HERE = Path(__file__).parent
# As wide as the documents show them, and half as wide again, so that the whole page fits.
PLAYGROUND = (1160, 740)
INSPECTOR = {"width": 1400, "height": 740}
QUESTION = "How do I start over?"
FOLLOW_UP = "And how do I connect my own Flowise?"
GROWN = 260
"""Characters of the second answer, when the first picture is taken."""
DECISION = {"width": 620, "height": 470}
DECISION_QUESTION = "Write to our new colleagues, please."
FORM = {"width": 620, "height": 640}
FORM_QUESTION = "A loaf of rye, please."
STEPS = {"width": 620, "height": 720}
HOME = {"width": 620, "height": 1180}
STEPS_QUESTION = "How do sources look, and which of them are shown?"


async def main() -> int:
    """Make the pictures; the exit status."""
    program = find_chromium()
    if program is None:
        sys.stderr.write("No Chromium was found. Install chromium or Google Chrome, or set CHROMIUM to the program.\n")
        return 1
    async with launched(program) as browser:
        for scheme in SCHEMES:
            await _pictures(browser, scheme)
            await _picture_of_a_decision(browser, scheme)
            await _picture_of_steps(browser, scheme)
            await _picture_of_a_form(browser, scheme)
            await _picture_of_the_home_tab(browser, scheme)
            await moving_picture.take(browser, scheme)
    return 0


async def _pictures(browser: Browser, scheme: str) -> None:
    async with playground() as on:
        page = await opened(browser, on, scheme, PLAYGROUND)
        ada = PageUser(page)
        await _talk(ada, on)
        await ada.write(FOLLOW_UP, in_thread=True)
        await expect(ada.answers).to_have_count(2)
        grown = "(it) => it.innerText.length > " + str(GROWN)
        await page.wait_for_function(grown, arg=await ada.answers.last.element_handle())
        await _take(page, f"playground-{scheme}.png")
        await on.slack.until(lambda: on.sandbox.idle, 30.0)
        await page.set_viewport_size({"width": INSPECTOR["width"], "height": INSPECTOR["height"]})
        await ada.inspect("Timeline")
        await page.wait_for_timeout(500)  # it is drawn with the next frames
        await _take(page, f"inspector-{scheme}.png")
        await page.context.close()


async def _picture_of_a_decision(browser: Browser, scheme: str) -> None:
    async with playground() as on:
        on.tap.choose("two_approvals")
        page = await opened(browser, on, scheme, PLAYGROUND)
        ada = await _in_a_thread(page, DECISION)
        await ada.ask_first(DECISION_QUESTION)
        first = await ada.answered("Shall I write a draft?")
        await first.get_by_role("button", name="Proceed").click()
        await ada.answered("Shall I send it?", 2)
        await expect(ada.answers.first).to_contain_text("ada chose")
        await on.slack.until(lambda: on.sandbox.idle, 30.0)
        await _take(page, f"decision-{scheme}.png")
        await page.context.close()


async def _picture_of_steps(browser: Browser, scheme: str) -> None:
    async with playground() as on:
        on.tap.choose("steps")
        page = await opened(browser, on, scheme, PLAYGROUND)
        ada = await _in_a_thread(page, STEPS)
        await ada.ask_first(STEPS_QUESTION)
        await expect(ada.thread.locator(".plan")).to_be_visible(timeout=30_000)
        await page.wait_for_timeout(400)
        await _take(page, f"steps-{scheme}.png")
        await on.slack.until(lambda: on.sandbox.idle, 30.0)
        await page.context.close()


async def _picture_of_a_form(browser: Browser, scheme: str) -> None:
    async with playground() as on:
        on.tap.choose("order")
        page = await opened(browser, on, scheme, PLAYGROUND)
        ada = await _in_a_thread(page, FORM)
        await ada.ask_first(FORM_QUESTION)
        asks = await ada.answered("fill in the form")
        await asks.get_by_role("button", name="Fill in the form").click()
        form = page.get_by_role("dialog", name="Order")
        await form.get_by_label("How many").fill("2")
        await form.get_by_role("radio", name="No").check()
        await form.get_by_label("Size").select_option("large")
        await _take(page, f"form-{scheme}.png")
        await page.context.close()


async def _picture_of_the_home_tab(browser: Browser, scheme: str) -> None:
    async with playground(with_file=True) as on:
        page = await opened(browser, on, scheme, PLAYGROUND)
        await _talk(PageUser(page), on)
        await page.set_viewport_size({"width": HOME["width"], "height": HOME["height"]})
        await page.goto(f"{on.url}#{on.slack.dm(on.slack.user('ada'))}/home")
        home = page.get_by_role("group", name="Home of the app")
        await expect(home).to_contain_text("Settings in force")
        await home.get_by_text("Your own settings").evaluate("(it) => it.scrollIntoView()")
        await _take(page, f"home-{scheme}.png")
        await page.context.close()


async def _in_a_thread(page: Page, size: dict[str, int]) -> PageUser:
    """Ada, on a screen so small that the thread takes all of it."""
    await page.set_viewport_size({"width": size["width"], "height": size["height"]})
    return PageUser(page)


async def _take(page: Page, name: str) -> None:
    await page.mouse.move(0, 0)  # nothing is pointed at
    # In a thread: everything that an answer takes part in is on this loop, and would stand still meanwhile.
    await asyncio.to_thread(_save, await page.screenshot(), HERE / name)


def _save(taken: bytes, path: Path) -> None:
    picture = Image.open(BytesIO(taken)).convert("RGB")
    # Text has hundreds of shades at its edges; with the 256 most frequent it is a third of the size, which nobody sees.
    picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


async def _talk(ada: PageUser, on: Stage) -> None:
    """What stands there already."""
    ben, gus = on.slack.user("ben"), on.slack.user("gus")
    await on.slack.say(ben, on.general, "Good morning! Flowise is in this channel now: mention it and ask.")
    await _asked(on, gus, "What can you do?")
    await on.slack.say(gus, on.general, "Nice, and the channel stays quiet.")
    asked = await ada.ask(QUESTION)
    await ada.open_thread(asked)
    await ada.answered("Sources")
    await on.slack.until(lambda: on.sandbox.idle, 30.0)


async def _asked(on: Stage, user: str, question: str) -> None:
    await on.sandbox.answered(await on.sandbox.ask(f"{on.sandbox.mention} {question}", user=user))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
