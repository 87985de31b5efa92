"""The button under an answer that failed asks the same question once, in place or below, on a chat of its own."""

from __future__ import annotations

import asyncio

import pytest

from bot.conversation.turn import Turns
from bot.errors import FlowiseFailed
from bot.mailbox.lease import Lease
from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox
from bot.records.thread import UnansweredQuestion
from bot.slack import wording, wording_of_failures

pytestmark = pytest.mark.program


def buttons(home: Sandbox, root: str, channel: str = "") -> list[str]:
    """The `ts` of the bot's messages with the button, in order."""
    thread = home.slack.thread(channel or home.channel, root)
    return [message.ts for message in thread if wording.ASK_AGAIN in message.plain.splitlines()]


async def pressed(home: Sandbox, ts: str, channel: str = "") -> None:
    """Ada presses the button of a message several times at once; what comes of it has ended."""
    press = [home.ada, channel or home.channel, ts, wording.ASK_AGAIN]
    before = len(home.flowise.predictions)
    assert all(done.acked for done in await asyncio.gather(*(home.slack.press(*press) for _ in range(3))))
    await home.slack.until(lambda: len(home.flowise.predictions) > before and home.idle)


async def test_a_question_is_asked_again_once_in_the_message_that_told_of_the_failure_until_it_succeeds(
    home: Sandbox,
) -> None:
    home.flowise.script("rag", *[Script(error="no model")] * 2, Script(tokens=["here", " it is"]))
    async with home.bot(), home.bot():
        root = await home.ask("Our printer is on fire.")
        await home.ask(f"{home.mention} why?", thread_ts=root)
        [failed] = await home.answered(root)
        assert failed.startswith(wording_of_failures.failure(FlowiseFailed("x")))
        # The line for support is the last one.
        assert failed.splitlines()[-1].startswith("Still stuck?")
        assert failed.splitlines()[-2] == wording.ASK_AGAIN
        for _ in range(2):
            [ts] = buttons(home, root)
            await pressed(home, ts)
        [answer] = await home.answered(root)
        assert answer == "here it is"
        assert home.slack.thread(home.channel, root)[-1].ts == ts
    assert len(home.flowise.predictions) == 3
    assert len({prediction.chat_id for prediction in home.flowise.predictions}) == 1  # no run was left
    [question] = {prediction.question for prediction in home.flowise.predictions}
    assert "printer is on fire" in question
    assert question.endswith("why?")
    assert home.slack.violations == []


async def test_words_of_an_answer_stay_and_the_next_one_stands_below(home: Sandbox) -> None:
    home.flowise.script("rag", Script(tokens=["half"], error="no model"), Script(tokens=["whole"]))
    async with home.bot():
        root = await home.ask(f"{home.mention} why?")
        [half] = await home.answered(root)
        assert half.startswith("half\nThis answer may be incomplete.")
        [ts] = buttons(home, root)
        await pressed(home, ts)
        assert await home.answered(root, 2) == [half, "whole"]
        # The old button has nothing left to do.
        assert (await home.slack.press(home.ada, home.channel, ts, wording.ASK_AGAIN)).acked
        await home.slack.settled()
    assert [prediction.question for prediction in home.flowise.predictions] == ["why?", "why?"]


async def test_where_the_first_run_may_go_on_the_next_one_has_a_new_chat_at_once_and_says_so(home: Sandbox) -> None:
    """Two minutes would be waited for the left run otherwise."""
    home.flowise.script("rag", Script(tokens=["one"]), Script(tokens=["half"], stalls=True), Script(tokens=["two"]))
    async with home.bot(flowise_left_run_wait=120, flowise_event_timeout=0.3):
        root = await home.ask(f"{home.mention} one?")
        await home.answered(root)
        await home.ask("two?", thread_ts=root)
        await home.answered(root, 2)
        await pressed(home, buttons(home, root)[-1])
        assert (await home.answered(root, 3))[2] == f"two\n{wording.NOT_REMEMBERED_BEFORE}"
    chats = [prediction.chat_id for prediction in home.flowise.predictions]
    assert chats[0] == chats[1] != chats[2]
    assert home.flowise.collisions == 0


async def test_a_first_question_that_may_still_be_running_says_nothing_of_a_memory(home: Sandbox) -> None:
    home.flowise.script("rag", Script(stalls=True), Script(tokens=["one"]))
    async with home.bot(flowise_left_run_wait=120, flowise_event_timeout=0.3):
        root = await home.ask(f"{home.mention} one?")
        await home.answered(root)
        await pressed(home, buttons(home, root)[0])
        assert await home.answered(root) == ["one"]
    assert len({prediction.chat_id for prediction in home.flowise.predictions}) == 2


async def test_a_mistake_of_ours_can_be_tried_again_too(home: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    home.flowise.script("rag", Script(tokens=["here"]))

    def broken(*_: object) -> None:
        raise KeyError("a mistake of ours")

    async with home.bot():
        with monkeypatch.context() as patch:
            patch.setattr(Turns, "turn", broken)
            root = await home.ask(f"{home.mention} why?")
            await home.answered(root)
        await pressed(home, buttons(home, root)[0])
        assert await home.answered(root) == ["here"]


async def test_where_only_the_asker_sees_the_answer_there_is_no_button(home: Sandbox) -> None:
    home.flowise.script("rag", Script(error="no model"))
    place = home.slack.channel("announcements", members=[home.ada], bot_is_member=False)
    home.slack.refuse("chat.postMessage", "not_in_channel")
    async with home.bot():
        await home.slack.command(home.ada, place, "/flowise", "why?")
        await home.slack.until(lambda: len(home.slack.ephemerals(place, home.ada)) == 2 and home.idle)
    said = home.slack.ephemerals(place, home.ada)[1].plain
    assert "Something went wrong" in said
    assert wording.ASK_AGAIN not in said


async def test_a_press_before_the_failed_answer_is_settled_waits_for_that(
    home: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The button is seen with the last call to Slack, and the question kept after it."""
    settled, settle = asyncio.Event(), Lease.settle

    async def late(lease: Lease, again: UnansweredQuestion | None = None) -> None:
        await settled.wait()
        await settle(lease, again)

    monkeypatch.setattr(Lease, "settle", late)
    home.flowise.script("rag", Script(error="no model"), Script(tokens=["here"]))
    async with home.bot():
        root = await home.ask(f"{home.mention} why?")
        await home.slack.until(lambda: bool(buttons(home, root)))
        press = asyncio.create_task(home.slack.press(home.ada, home.channel, buttons(home, root)[0], wording.ASK_AGAIN))
        await asyncio.sleep(0.1)
        settled.set()
        assert (await press).acked
        assert await home.answered(root) == ["here"]
        assert home.slack.ephemerals(home.channel, home.ada) == []
