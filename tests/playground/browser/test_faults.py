"""What can go wrong is switched on in the page, and what the bot says of it is read there."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from bot import errors
from bot.flowise.breaker import FAILURES
from bot.playground.flowise import chatflows
from bot.slack import wording_of_failures
from tests.playground.browser.conftest import Tabs
from tests.playground.browser.page_user import PageUser
from tests.playground.browser.stage import Stage

pytestmark = pytest.mark.browser

REFERENCE = re.compile(r"Reference for support: [0-9a-f]{8}")


def sentence(error: errors.BotError) -> str:
    """What a person reads of an error, whether it follows others or not."""
    return wording_of_failures.failure(error)


async def at_controls(tab: Page, on: Stage) -> PageUser:
    ada = PageUser(tab)
    await ada.arrive(on.url)
    await ada.inspect("Controls")
    return ada


@pytest.mark.parametrize(
    ("fault", "said"),
    [("Down", sentence(errors.FlowiseUnreachable("why"))), ("Error", sentence(errors.FlowiseFailed("why")))],
)
async def test_a_fault_is_switched_on_and_its_sentence_is_seen(tab: Page, on: Stage, fault: str, said: str) -> None:
    ada = await at_controls(tab, on)
    await ada.inspector.get_by_role("radio", name=fault, exact=True).check()
    await expect(ada.inspector.get_by_role("status").filter(has_text="Flowise").first).to_be_visible()
    await ada.open_thread(await ada.ask("in 80 words"))
    failed = await ada.answered(said)
    await expect(failed).to_contain_text(REFERENCE)
    await ada.inspect("Controls")
    await ada.inspector.get_by_role("button", name="All off").click()
    await expect(ada.inspector.get_by_role("button", name="All off")).to_be_hidden()
    assert on.tap.fault == "none"
    await ada.write("what is my name?", in_thread=True)
    await ada.answered("You have not told me your name", 2)


async def test_after_failures_the_bot_rests_until_nothing_goes_wrong_any_more(tab: Page, on: Stage) -> None:
    ada = await at_controls(tab, on)
    rests = ada.inspector.get_by_text("The bot rests after failures")
    await ada.inspector.get_by_role("radio", name="Down", exact=True).check()
    roots = [await on.sandbox.ask(f"{on.sandbox.mention} {number}?") for number in range(FAILURES)]
    await expect(rests).to_be_visible()
    await ada.inspector.get_by_role("radio", name="None", exact=True).check()
    await expect(rests).to_be_hidden()
    await on.slack.until(lambda: on.sandbox.idle)
    assert all(sentence(errors.FlowiseUnreachable("why")) in on.sandbox.answers(root)[0] for root in roots)
    await ada.ask_first("what is my name?")
    await ada.answered("You have not told me your name")


async def test_a_cut_without_a_key_leaves_an_answer_incomplete(tab: Page, on: Stage) -> None:
    """With a key, as the bot has one here, it would be completed from what Flowise has stored."""
    ada = await at_controls(tab, on)
    await ada.inspector.get_by_role("radio", name="Cut, no key", exact=True).check()
    await ada.ask_first("in 80 words")
    await ada.answered("This answer is incomplete.")


async def test_under_tight_limits_an_answer_is_whole_with_fewer_edits(tab: Page, on: Stage) -> None:
    ada = await at_controls(tab, on)
    await ada.inspector.get_by_role("radio", name="Tight", exact=True).check()
    await ada.inspect("Controls")
    await expect(ada.inspector.get_by_text("Tight rate limits")).to_be_visible()
    assert on.slack.limits == "tight"
    await ada.open_thread(await ada.ask("in 40 words"))
    await on.slack.until(
        lambda: bool(on.slack.thread(on.general, on.slack.messages(on.general)[0].ts)[1:]) and on.sandbox.idle
    )
    await expect(ada.answers.last).not_to_contain_text(REFERENCE)
    assert [call.answer for call in on.slack.calls if call.answer not in {"ok", "429"}] == []


async def test_every_event_delivered_twice_is_answered_once(tab: Page, on: Stage) -> None:
    ada = await at_controls(tab, on)
    await ada.inspector.get_by_role("switch", name="Deliver every event twice").check()
    await expect(ada.inspector.get_by_text("Events come twice")).to_be_visible()
    await ada.open_thread(await ada.ask("what is my name?"))
    await ada.answered("You have not told me your name")
    await on.slack.settled()
    await on.slack.until(lambda: on.sandbox.idle)
    await expect(ada.answers).to_have_count(1)
    assert len(on.sandbox.flowise.predictions) == 1


async def test_server_errors_are_gone_through(tab: Page, on: Stage) -> None:
    ada = await at_controls(tab, on)
    await ada.inspector.get_by_role("button", name="Answer with 500").click()
    await expect(ada.inspector.get_by_text("3 calls to go")).to_be_visible()
    await ada.open_thread(await ada.ask("what is my name?"))
    await ada.answered("You have not told me your name")
    assert [call.answer for call in on.slack.calls].count("500") == 3


async def test_a_socket_that_is_dropped_comes_back(tab: Page, on: Stage) -> None:
    ada = await at_controls(tab, on)
    await ada.inspector.get_by_role("button", name="Drop the sockets").click()
    await on.slack.until(lambda: on.slack.sockets == 0)
    await on.slack.until(lambda: on.slack.sockets == 1)
    await expect(ada.inspector.get_by_text("1 socket open")).to_be_visible()
    await ada.open_thread(await ada.ask("what is my name?"))
    await ada.answered("You have not told me your name")


async def test_another_flow_is_chosen_between_two_questions(tab: Page, on: Stage) -> None:
    ada = await at_controls(tab, on)
    await ada.open_thread(await ada.ask("How long is it remembered?"))
    await ada.answered("Sources")
    await (await ada.inspect("Controls")).get_by_label("Flow", exact=True).select_option("Plain chat")
    await ada.write("And now?", in_thread=True)
    answer = await ada.answered("And now?", 2)
    await on.slack.until(lambda: on.sandbox.idle)
    await expect(answer).not_to_contain_text("Sources")


async def test_what_a_tool_agent_said_before_its_tool_goes_when_the_answer_ends(tab: Page, on: Stage) -> None:
    ada = await at_controls(tab, on)
    await (await ada.inspect("Controls")).get_by_label("Flow", exact=True).select_option("Tool agent")
    await ada.inspector.get_by_role("radio", name="Slow", exact=True).check()
    await ada.open_thread(await ada.ask("What is 21*2, in the end?"))
    await ada.answered("Let me look")
    await (await ada.inspect("Controls")).get_by_role("radio", name="None", exact=True).check()
    answer = await ada.answered("21*2 is 42")
    await on.slack.until(lambda: on.sandbox.idle)
    await expect(answer).not_to_contain_text(chatflows.PREAMBLE)


async def test_the_steps_of_a_flow_are_seen_while_it_works_and_one_line_at_the_end(tab: Page, on: Stage) -> None:
    on.tap.fault = "slow"  # so that its text still grows when it is looked at
    ada = await at_controls(tab, on)
    await ada.inspector.get_by_label("Flow", exact=True).select_option("Many steps")
    await ada.open_thread(await ada.ask("How do I start over?"))
    plan = ada.thread.locator(".plan")
    await expect(plan).to_contain_text("Read a chapter, 6th time (1 failed): done")
    await expect(plan.get_by_role("img", name="Running")).to_have_count(1)
    on.tap.fault = "none"
    await ada.answered(re.compile(r"4 steps, 1 failed, 1 tool \(handbook_search\), \d+ s"))
    await expect(plan).to_have_count(0)


async def test_an_address_that_cannot_be_one_is_refused_with_a_sentence(tab: Page, tabs: Tabs, on: Stage) -> None:
    ada = await at_controls(tab, on)
    tabs.forgive("status of 400")
    await ada.inspector.get_by_text("Your own Flowise").click()
    await ada.inspector.get_by_label("Address").fill("ftp://flowise.example")
    await ada.inspector.get_by_label("Chatflow id").fill("1")
    await ada.inspector.get_by_role("button", name="Use it").click()
    await expect(ada.inspector.get_by_role("alert").filter(has_text=re.compile(r"\w"))).to_be_visible()
    assert on.tap.controls()["upstream"] == "local"
