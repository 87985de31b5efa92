"""A conversation on the page, with the real bot: what is asked, what grows, what is remembered, who sees what."""

from __future__ import annotations

import asyncio
import re
from hashlib import sha256

import pytest
from playwright.async_api import FilePayload, Locator, Page, expect

from bot.playground.flowise.made_files import bars, stored
from bot.playground.flowise.scripts import Script
from bot.records.thread import StopOutcome
from bot.slack import wording
from tests.handlers.test_files import PDF, PNG
from tests.playground.browser.conftest import Staging
from tests.playground.browser.frame_watch import watch
from tests.playground.browser.page_user import BOT, PageUser
from tests.playground.browser.stage import Stage

pytestmark = pytest.mark.browser

QUESTION = "How long does the bot remember a conversation?"


async def arrived(tab: Page, on: Stage) -> PageUser:
    page_user = PageUser(tab)
    await page_user.arrive(on.url)
    return page_user


async def test_an_answer_grows_in_place_up_to_its_sources(tab: Page, staged: Staging) -> None:
    on = await staged(tokens_per_second=60)
    on.tap.fault = "slow"  # so that it still grows when the thread is open, on a busy machine too
    async with on.bot():
        ada = await arrived(tab, on)
        asked = await ada.ask(QUESTION)
        await ada.open_thread(asked)
        growth = await watch(ada.thread)
        async with asyncio.timeout(15):
            await growth.grown(3)
        on.tap.fault = "none"
        answer = await ada.answered("Sources")
        await on.slack.until(lambda: on.sandbox.idle)
        await expect(
            answer.get_by_role("link", name="Settings").or_(answer.get_by_text("handbook.pdf")).last
        ).to_be_visible()
        seen = await growth.end()
    assert len(seen.texts) >= 3
    assert seen.nodes == 1
    assert seen.shrunk == 0
    assert seen.away_from_end <= 1.0


async def test_marks_lead_to_sources_and_their_passages_are_read_in_a_modal(tab: Page, on: Stage) -> None:
    ada = await arrived(tab, on)
    await (await ada.inspect("Controls")).get_by_label("Flow", exact=True).select_option("Cites its sources")
    await ada.open_thread(await ada.ask("Which settings connect my own Flowise server?"))
    answer = await ada.answered("Sources")
    await on.slack.until(lambda: on.sandbox.idle)
    await expect(answer.get_by_role("link", name="[1]", exact=True)).to_have_attribute("href", re.compile("/settings$"))
    await answer.get_by_role("button", name="Passages").click()
    modal = tab.get_by_role("dialog", name="Passages")
    await expect(modal).to_contain_text("FLOWISE_URL is the server's base address")
    await expect(modal.get_by_role("link", name="Settings").first).to_be_visible()
    await modal.get_by_role("button", name="Close").first.click()
    await expect(modal).to_be_hidden()


async def test_a_growing_answer_is_stopped_by_its_button(tab: Page, on: Stage) -> None:
    ada = await arrived(tab, on)
    on.tap.fault = "slow"
    await ada.open_thread(await ada.ask(QUESTION))
    stop = ada.thread.get_by_role("button", name=wording.STOP)
    await stop.click()
    await ada.answered(wording.stopped(StopOutcome.GOES_ON))
    await expect(stop).to_have_count(0)
    said = await ada.answers.inner_text()
    on.tap.fault = "none"  # what is left of it comes at once
    await ada.write("What is my name?", in_thread=True)
    await ada.answered("You have not told me your name", 2)
    assert await ada.answers.first.inner_text() == said


async def test_a_stream_tells_how_it_is_stopped(tab: Page, staged: Staging) -> None:
    on = await staged()
    async with on.bot(slack_delivery="stream"):
        ada = await arrived(tab, on)
        on.tap.fault = "slow"
        await ada.open_thread(await ada.ask(QUESTION))
        await expect(ada.thread.get_by_text(f"`@{BOT} stop` stops me")).to_be_visible()
        await expect(ada.thread.get_by_role("button", name=wording.STOP)).to_have_count(0)
        await ada.write(f"@{BOT} stop", in_thread=True)
        await ada.answered(wording.stopped(StopOutcome.GOES_ON))


async def test_nothing_moves_under_whoever_reads_further_up(tab: Page, on: Stage) -> None:
    ben = on.slack.user("ben")
    root = await on.slack.say(ben, on.general, "It was like this:")
    for number in range(20):
        await on.slack.say(ben, on.general, f"and then, in chapter {number},\n\nnothing happened", thread_ts=root)
    ada = await arrived(tab, on)
    await ada.open_thread(ada.message("It was like this"))
    on.tap.fault = "slow"  # so that it still grows when somebody has scrolled up
    await ada.write(f"@{BOT} in 80 words", in_thread=True)
    await expect(ada.answers).to_have_count(1)
    await ada.thread.locator(".scroller").evaluate("(it) => { it.scrollTop = 200; }")
    growth = await watch(ada.thread)
    on.tap.fault = "none"
    await on.slack.until(lambda: on.sandbox.idle)
    await expect(ada.answers).to_contain_text("A stream of words.")
    seen = await growth.end()
    assert seen.moved <= 1.0
    assert len(seen.texts) >= 2


async def test_a_follow_up_is_remembered_and_needs_no_mention(tab: Page, on: Stage) -> None:
    ada = await arrived(tab, on)
    await ada.open_thread(await ada.ask(QUESTION))
    await ada.answered("Sources")
    await ada.write("What did I ask before?", in_thread=True)
    await ada.answered(QUESTION, 2)


async def test_the_thread_says_that_the_bot_is_thinking(tab: Page, on: Stage) -> None:
    ada = await arrived(tab, on)
    on.tap.fault = "silent"
    await ada.open_thread(await ada.ask("hello"))
    await expect(ada.thread.get_by_text(f"flowise {wording.STATUS_THINKING}")).to_be_visible()


async def test_a_command_is_completed_by_the_keyboard_and_answered_in_the_channel(tab: Page, on: Stage) -> None:
    ada = await arrived(tab, on)
    box = ada.box()
    await box.press_sequentially("/fl")
    await expect(ada.main.get_by_role("option").filter(has_text="/flowise")).to_be_visible()
    await box.press("Tab")
    await expect(box).to_have_value("/flowise ")
    await box.press_sequentially("what is my name?")
    await box.press("Enter")
    opened = ada.message("what is my name?").last
    await ada.open_thread(opened)
    await expect(ada.thread.get_by_role("article").last).to_contain_text("You have not told me your name")


async def test_a_command_that_nobody_has_is_refused_in_the_box(tab: Page, on: Stage) -> None:
    ada = await arrived(tab, on)
    await ada.box().fill("/nonsense now")
    await ada.box().press("Enter")
    await expect(ada.main.get_by_role("alert")).to_contain_text("/nonsense is not a valid command")
    await expect(ada.box()).to_have_value("/nonsense now")
    await ada.write(" /nonsense now")  # as the refusal says
    await expect(ada.message("/nonsense now")).to_be_visible()


async def test_a_newcomer_who_mentions_nobody_is_told_how_to_ask(tab: Page, on: Stage) -> None:
    ada = await arrived(tab, on)
    hint = ada.main.get_by_text("@flowise answers when it is mentioned")
    await ada.write("hello, can you help me?")
    await expect(hint).to_be_visible()
    await ada.box().press("ArrowUp")
    await ada.box().fill("@flowise What is my name?")  # adds the mention to what stands there
    await ada.box().press("Enter")
    await ada.answered("You have not told me your name")
    await ada.write("hello again")
    await expect(ada.message("hello again")).to_be_visible()
    await expect(hint).to_have_count(0)


async def test_a_mention_is_completed_by_the_keyboard(tab: Page, on: Stage) -> None:
    ada = await arrived(tab, on)
    box = ada.box()
    await box.press_sequentially("hello @b")
    await expect(box).to_have_attribute("aria-expanded", "true")
    await box.press("Enter")
    await expect(box).to_have_value("hello @ben ")
    await box.press("Enter")
    await expect(ada.message("hello").last).to_contain_text("@ben")
    [said] = on.slack.messages(on.general)
    assert said.text.strip() == f"hello <@{on.slack.user('ben')}>"


async def test_in_a_direct_message_it_answers_flat(tab: Page, on: Stage) -> None:
    ada = await arrived(tab, on)
    await ada.go("flowise")
    await ada.write("My name is Ada.")
    await expect(ada.main.get_by_role("article").last).to_contain_text("Hello Ada")
    await ada.write("What is my name?")
    await expect(ada.main.get_by_role("article").last).to_contain_text("Your name is Ada")
    await expect(ada.main.get_by_role("article")).to_have_count(4)


async def test_what_only_one_sees_is_hidden_from_the_others(tab: Page, on: Stage) -> None:
    ada = await arrived(tab, on)
    await ada.write("/flowise help")
    note = ada.message("Mention me with a question")
    await expect(note).to_contain_text("Only visible to you")
    await ada.become("ben")
    await expect(note).to_have_count(0)
    await ada.become("ada")
    await expect(note).to_be_visible()


async def drop(place: Locator, name: str, kind: str, words: str) -> bool:
    """Drop a file somewhere; whether the browser is kept from opening it."""
    kept: bool = await place.evaluate(
        """(place, [name, type, words]) => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([words], name, { type }));
            const drop = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
            return !place.dispatchEvent(drop);
        }""",
        [name, kind, words],
    )
    return kept


async def test_pictures_and_documents_go_along_and_a_clip_is_heard(tab: Page, on: Stage) -> None:
    ada = await arrived(tab, on)
    await ada.main.locator("input[type=file]").set_input_files(
        [
            FilePayload(name="shot.png", mimeType="image/png", buffer=PNG),
            FilePayload(name="plan.pdf", mimeType="application/pdf", buffer=PDF),
        ]
    )
    await expect(ada.main.get_by_role("list", name="Files to send")).to_contain_text("plan.pdf")
    asked = await ada.ask("what is in them?")
    await expect(asked).to_contain_text("plan.pdf")
    await expect(asked.get_by_role("img", name="shot.png")).to_be_visible()
    await ada.open_thread(asked)
    answer = await ada.answered("The bakery opens at seven.")
    await expect(answer).to_contain_text("I have looked at shot")
    assert await drop(ada.thread.get_by_role("log"), "clip.m4a", "audio/mp4", "When do you close?")
    await ada.box(in_thread=True).press("Enter")
    await ada.answered("Heard: When do you close?", 2)
    assert [file.sha256 for file in on.sandbox.flowise.files if file.way == "file"] == [sha256(PNG).hexdigest()]


async def test_what_a_flow_makes_is_shown_under_its_answer(tab: Page, on: Stage) -> None:
    artifacts = [{"type": "png", "data": stored("chart.png")}, {"type": "html", "data": "<h1>Sold</h1>"}]
    made = {"chart.png": bars([1, 3, 2])}
    on.sandbox.flowise.script("rag", Script(tokens=["Drawn."], artifacts=artifacts, made=made))
    ada = await arrived(tab, on)
    await ada.open_thread(await ada.ask("draw it"))
    await ada.answered("", 3)
    await expect(ada.answers.first).to_contain_text("Drawn.")
    await expect(ada.thread.get_by_role("img", name="chart.png", exact=True)).to_be_visible()
    await expect(ada.thread.get_by_role("link", name="file.html")).to_be_visible()
    await expect(ada.thread.get_by_role("heading", name="Sold")).to_have_count(0)


async def test_a_file_is_dropped_on_the_messages_and_nowhere_in_place_of_the_page(tab: Page, on: Stage) -> None:
    ada = await arrived(tab, on)
    assert await drop(ada.main.get_by_role("log"), "plan.txt", "text/plain", "step one")
    waiting = ada.main.get_by_role("list", name="Files to send").get_by_role("listitem")
    await expect(waiting).to_have_count(1)
    assert await drop(ada.sidebar, "plan.txt", "text/plain", "step one")
    await expect(waiting).to_have_count(1)


async def test_what_was_begun_waits_while_a_message_is_edited(tab: Page, on: Stage) -> None:
    ada = await arrived(tab, on)
    await ada.write("good mornign")
    await ada.main.locator("input[type=file]").set_input_files({"name": "plan.txt", "mimeType": "", "buffer": b"1"})
    await ada.box().fill("half a sen")
    message = ada.message("good")
    await message.hover()
    await message.get_by_role("button", name="Edit").click()
    await expect(ada.box()).to_have_value("good mornign")
    await expect(ada.main.get_by_role("button", name="Attach files")).to_be_hidden()
    await ada.box().fill("good morning")
    await ada.box().press("Enter")
    await expect(message).to_contain_text("good morning (edited)")
    await expect(ada.box()).to_have_value("half a sen")
    await expect(ada.main.get_by_role("list", name="Files to send")).to_contain_text("plan.txt")


async def test_somebody_of_another_organisation_gets_no_answer(tab: Page, on: Stage) -> None:
    olga = await arrived(tab, on)
    await olga.become("olga")
    await expect(olga.sidebar.get_by_role("button", name="general")).to_have_count(0)
    await olga.go("partners")
    await olga.ask(QUESTION)
    await expect(olga.main.get_by_text(wording.EXTERNAL)).to_be_visible()
    assert on.sandbox.flowise.predictions == []


async def test_where_the_app_is_not_it_is_added_as_it_asks_for(tab: Page, on: Stage) -> None:
    ada = await arrived(tab, on)
    elsewhere = on.slack.channel("elsewhere", members=[on.sandbox.ada], bot_is_member=False)
    await ada.go("elsewhere")
    await ada.write("/invite @flowise")
    await expect(ada.main.get_by_text("@flowise is in #elsewhere now.")).to_be_visible()
    assert on.slack.bot_user_id in on.slack.core.channel(elsewhere).members
    await ada.go("no-bot-here")
    await ada.write(f"@flowise {QUESTION}")
    await expect(ada.main.get_by_text("You mentioned @flowise, which is not in this channel.")).to_be_visible()
    await expect(ada.thread).to_be_hidden()
    await ada.main.get_by_role("button", name="Invite @flowise").click()
    await expect(ada.main.get_by_text("@flowise is in #no-bot-here now, and has your message.")).to_be_visible()
    await expect(ada.main.get_by_text("Mention @flowise to ask it something")).to_be_visible()
    await ada.answered("Sources")  # in the thread, which has opened: the message was heard after all
    assert len(on.sandbox.flowise.predictions) == 1


async def test_who_is_mentioned_elsewhere_sees_how_often(tab: Page, on: Stage) -> None:
    ada, ben = await arrived(tab, on), on.slack.user("ben")
    partners, place = on.slack.channel("partners"), ada.sidebar.get_by_role("button", name="partners")
    me = f"<@{on.sandbox.ada}>"
    await on.slack.say(ben, partners, f"<@{ben}> is not you")
    await on.slack.say(ben, partners, f"{me} look")
    await on.slack.say(ben, partners, "<!here> all of you")
    await expect(place).to_have_accessible_name(re.compile("2 new mentions of you"))
    await expect(place.get_by_text("2", exact=True)).to_be_visible()
    await expect(tab.locator("#announcer")).to_have_text("ben mentioned you in partners")
    await tab.reload()
    await expect(place).to_have_accessible_name(re.compile("2 new mentions of you"))
    await ada.become("ben")
    await expect(place).not_to_have_accessible_name(re.compile("mention"))
    await ada.become("ada")
    await ada.go("partners")
    await expect(place).not_to_have_accessible_name(re.compile("mention"))
    # A reply is seen in its thread.
    await on.slack.say(ben, partners, f"{me} here too", thread_ts=on.slack.messages(partners)[0].ts)
    await expect(place).to_have_accessible_name(re.compile("1 new mention of you"))
    await ada.main.get_by_role("button", name="1 reply").click()
    await expect(place).not_to_have_accessible_name(re.compile("mention"))
    await tab.reload()
    await expect(ada.thread).to_be_visible()
    await expect(place).not_to_have_accessible_name(re.compile("mention"))


async def test_who_arrives_is_greeted_with_things_to_try_and_one_of_them_fails(tab: Page, on: Stage) -> None:
    ada = await arrived(tab, on)
    tools = ada.main.get_by_role("toolbar", name="Things to try").get_by_role("button")
    await expect(tools).to_have_text(["Ask a question", "See it fail", "Look behind an answer"])
    await ada.main.get_by_role("button", name="See it fail").click()
    await ada.answered("I can't get an answer right now.")
    await expect(ada.main.get_by_role("button", name="Inspector. Fault on")).to_contain_text("Fault on")
    await ada.main.get_by_role("button", name="Bring Flowise back").click()
    await expect(tools.nth(1)).to_have_text("See it fail")
    await ada.main.get_by_role("button", name="Look behind an answer").click()
    await ada.answered("Two settings connect your own Flowise")
    await expect(ada.inspector.get_by_role("tab", name="Timeline", selected=True)).to_be_visible()
    await expect(await ada.inspect("Versions")).to_contain_text("Two settings connect your own Flowise")


async def test_a_reaction_is_given_and_taken_back(tab: Page, on: Stage) -> None:
    ada = await arrived(tab, on)
    await ada.write("good news")
    message = ada.message("good news")
    await message.hover()
    await message.get_by_role("button", name="React").click()
    await tab.get_by_role("group", name="Reactions").get_by_role("button").first.click()
    given = message.get_by_role("group", name="Reactions").get_by_role("button", pressed=True)
    await expect(given).to_have_count(1)
    await given.click()
    await expect(message.get_by_role("group", name="Reactions")).to_have_count(0)


async def test_an_interrupted_answer_is_asked_again_by_its_button(tab: Page, staged: Staging) -> None:
    on = await staged(key=None)
    ada = PageUser(tab)
    on.tap.fault = "slow"
    async with on.bot():
        await ada.arrive(on.url)
        await ada.open_thread(await ada.ask("in 80 words"))
        await expect(ada.answers).to_have_count(1)
    on.tap.fault = "none"
    async with on.bot(flowise_left_run_wait=0):
        await ada.answers.get_by_role("button", name=wording.ASK_AGAIN).click()
        await expect(ada.answers.last).not_to_contain_text("incomplete")
        await on.slack.until(lambda: on.sandbox.idle)


async def test_a_whole_answer_is_regenerated_by_its_button_and_both_stand(tab: Page, staged: Staging) -> None:
    on = await staged()
    async with on.bot():
        ada = await arrived(tab, on)
        await ada.open_thread(await ada.ask(QUESTION))
        button = ada.answers.get_by_role("button", name=wording.REGENERATE)
        await button.click()
        await expect(ada.answers).to_have_count(2)
        await expect(ada.answers.last).to_contain_text(wording.BOTH_REMEMBERED)
        await expect(button).to_have_count(2)
        await button.first.click()
        await expect(ada.thread).to_contain_text(wording.NOT_THE_NEWEST)
        await on.slack.until(lambda: on.sandbox.idle)
