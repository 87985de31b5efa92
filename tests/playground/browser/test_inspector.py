"""What the inspector shows of an answer: its calls, its versions, Flowise's frames, what Redis holds of the thread."""

from __future__ import annotations

import re

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from slack_sdk.web.async_client import AsyncWebClient

from tests.playground.browser.page_user import PageUser
from tests.playground.browser.stage import Stage

pytestmark = pytest.mark.browser

QUESTION = "How long does the bot remember a conversation?"


@pytest_asyncio.fixture(loop_scope="session")
async def ada(tab: Page, on: Stage) -> PageUser:
    """A person before an answer that is whole, with its thread open."""
    page_user = PageUser(tab)
    await page_user.arrive(on.url)
    await page_user.open_thread(await page_user.ask(QUESTION))
    await page_user.answered("Sources")
    await on.slack.until(lambda: on.sandbox.idle)
    return page_user


async def test_the_calls_of_the_thread_with_arguments_and_answer(ada: PageUser, on: Stage) -> None:
    calls = await ada.inspect("Calls")
    posted = calls.get_by_role("group").filter(has_text="chat.postMessage")
    await expect(posted).to_have_count(1)
    await expect(calls.get_by_role("group").filter(has_text="app_mention")).to_have_count(1)
    edits = sum(call.method == "chat.update" for call in on.slack.calls)
    assert edits >= 1
    await expect(calls.get_by_role("group").filter(has_text="chat.update")).to_have_count(edits)
    await posted.locator("summary").first.click()
    await expect(
        posted.get_by_role("region", name="Arguments").or_(posted.locator("[aria-label=Arguments]")).first
    ).to_contain_text(on.general)
    await expect(posted.locator("[aria-label=Answer]")).to_contain_text("ok")


async def test_every_version_is_shown_by_the_slider(ada: PageUser, on: Stage) -> None:
    await ada.answers.last.hover()
    await ada.answers.last.get_by_role("button", name="Inspect").click()
    versions = await ada.inspect("Versions")
    slider = versions.get_by_role("slider", name="Version")
    await expect(slider).to_be_enabled()
    last = int(await slider.get_attribute("max") or "0")
    [_, answer] = on.slack.messages(on.general)
    assert last == len(answer.edits)
    shown = versions.locator("[class$=version-message]")
    whole = await shown.inner_text()
    assert "Sources" in whole
    await slider.focus()
    await slider.press("Home")
    await expect(shown).not_to_have_text(whole)
    await expect(slider).to_have_attribute("aria-valuetext", re.compile(rf"^1 of {last + 1}"))
    lengths = []
    for _ in range(last + 1):
        lengths.append(len(await shown.inner_text()))
        await slider.press("ArrowRight")
    assert lengths == sorted(lengths)
    assert await shown.inner_text() == whole


async def test_a_version_in_markdown_is_drawn_as_it_was_read(tab: Page, bare: Stage) -> None:
    client = AsyncWebClient(token=bare.slack.bot_token, base_url=bare.slack.url)
    ts = (await client.chat_postMessage(channel=bare.general, markdown_text="Some **strong** words"))["ts"]
    await client.chat_update(channel=bare.general, ts=ts, markdown_text="Other **firm** words")
    page_user = PageUser(tab)
    await page_user.arrive(bare.url)
    await expect(tab.locator(".message strong")).to_have_text("firm")
    await tab.locator(".message", has_text="firm").hover()
    await tab.get_by_role("button", name="Inspect", exact=True).click()
    versions = await page_user.inspect("Versions")
    drawn = versions.locator("[class$=version-message] strong")
    await expect(drawn).to_have_text("firm")
    await versions.get_by_role("slider", name="Version").press("Home")
    await expect(drawn).to_have_text("strong")


async def test_the_frames_of_flowise_as_they_came(ada: PageUser, on: Stage) -> None:
    [prediction] = on.tap.snapshot()["predictions"]
    frames = [frame["event"] for frame in on.tap.snapshot()["frames"]]
    assert {"start", "token", "sourceDocuments", "end"} <= set(frames)
    panel = await ada.inspect("Flowise")
    await expect(panel).to_contain_text(QUESTION)
    await expect(panel).to_contain_text("sourceDocuments")
    await expect(panel).to_contain_text(str(frames.count("token")))
    assert prediction["question"] == QUESTION


async def test_what_redis_holds_of_the_thread(ada: PageUser, on: Stage) -> None:
    panel = await ada.inspect("Redis")
    [chat_id] = {prediction["chat_id"] for prediction in on.tap.snapshot()["predictions"]}
    await expect(panel).to_contain_text(str(chat_id))
    await expect(panel).to_contain_text("left")


async def test_the_timeline_tells_of_the_answer(ada: PageUser) -> None:
    panel = await ada.inspect("Timeline")
    await expect(panel).to_contain_text(re.compile(r"First text after [\d.]+ s"))
    await expect(panel).to_contain_text(re.compile(r"\d+ calls"))
    await panel.get_by_text("As a table").click()
    await expect(panel.get_by_role("table")).to_contain_text("chat.postMessage")
    time = panel.get_by_role("slider", name="Time since the question")
    await time.focus()
    before = await time.get_attribute("aria-valuetext")
    await time.press("ArrowLeft")
    await expect(time).not_to_have_attribute("aria-valuetext", before or "")


async def test_the_key_is_nowhere_in_the_page(ada: PageUser, on: Stage) -> None:
    assert on.key
    for tab in ("Calls", "Versions", "Controls", "Timeline", "Flowise", "Redis"):
        await ada.inspect(tab)
        assert on.key not in await ada.page.content()
    told = await ada.page.evaluate(
        """() => new Promise((done) => {
            const socket = new WebSocket(new URL("live", document.baseURI.replace(/^http/, "ws")));
            socket.onmessage = ({ data }) => { socket.close(); done(data); };
        })"""
    )
    assert '"kind": "hello"' in told
    assert on.key not in told
