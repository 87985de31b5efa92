"""The button under the newest whole answer asks its question once more, below; the real bot, over the wire."""

from __future__ import annotations

import asyncio

import pytest

from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox
from bot.records.thread import StopOutcome
from bot.slack import wording

pytestmark = pytest.mark.program


def buttons(home: Sandbox, root: str, channel: str = "") -> list[str]:
    """The `ts` of the bot's messages with the button, in order."""
    thread = home.slack.thread(channel or home.channel, root)
    return [message.ts for message in thread if wording.REGENERATE in message.plain.splitlines()]


async def press(home: Sandbox, ts: str, *, user: str = "", channel: str = "") -> None:
    done = await home.slack.press(user or home.ada, channel or home.channel, ts, wording.REGENERATE)
    assert done.acked


def told(home: Sandbox, user: str = "", channel: str = "") -> list[str]:
    return [message.plain for message in home.slack.ephemerals(channel or home.channel, user or home.ada)]


@pytest.mark.parametrize("delivery", ["edit", "stream"])
async def test_the_same_question_as_it_was_edited_is_asked_once_and_both_answers_stand(
    home: Sandbox, delivery: str
) -> None:
    """The earlier messages go along again, and what was said since does not."""
    home.flowise.script("rag", Script(tokens=["one", " whole"]), Script(tokens=["two", " whole"]))
    async with home.bot(slack_delivery=delivery), home.bot(slack_delivery=delivery):
        root = await home.ask("Our printer is on fire.")
        question = await home.ask(f"{home.mention} why?", thread_ts=root)
        first = await home.answered(root)
        await home.ask("<@U0NOBODY> have you seen this?", thread_ts=root)
        await home.slack.edit(home.ada, home.channel, question, f"{home.mention} why, and since when?")
        [ts] = buttons(home, root)
        [before] = [message for message in home.slack.thread(home.channel, root) if message.ts == ts]
        edits = len(before.edits)
        await asyncio.gather(*(press(home, ts) for _ in range(3)))
        assert await home.answered(root, 2) == [*first, f"two whole\n{wording.BOTH_REMEMBERED}"]
        # It was no newer one while it was answered: a second press is none.
        assert told(home) == []
        [after] = [message for message in home.slack.thread(home.channel, root) if message.ts == ts]
        assert len(after.edits) == edits
        assert len(buttons(home, root)) == 2
        await press(home, ts)
        await home.slack.until(lambda: told(home) == [wording.NOT_THE_NEWEST])
    one, two = (prediction.question for prediction in home.flowise.predictions)
    assert "printer is on fire" in one
    assert two == one.replace("why?", "why, and since when?")
    assert len({prediction.chat_id for prediction in home.flowise.predictions}) == 1
    assert home.slack.violations == []


async def test_only_the_one_who_asked_and_only_under_the_newest_answer(home: Sandbox) -> None:
    bob = home.slack.user("bob")
    home.slack.invite(home.ada, home.channel, bob)
    home.flowise.script("rag", *(Script(tokens=[f"number {number}"]) for number in range(3)))
    async with home.bot():
        root = await home.ask(f"{home.mention} one?")
        await home.answered(root)
        await press(home, buttons(home, root)[0], user=bob)
        await home.slack.until(lambda: told(home, bob) == [wording.ONLY_THE_ASKER_REGENERATES])
        await home.ask("two?", thread_ts=root)
        await home.answered(root, 2)
        await press(home, buttons(home, root)[0])
        await home.slack.until(lambda: told(home) == [wording.NOT_THE_NEWEST])
        await home.ask(f"{home.mention} new conversation", thread_ts=root)
        await home.answered(root, 3)
        await press(home, buttons(home, root)[1])
        await home.slack.until(lambda: told(home) == [wording.NOT_THE_NEWEST] * 2)
        await home.slack.until(lambda: home.idle)
    assert len(home.flowise.predictions) == 2


async def test_a_newer_question_that_is_under_way_is_told_of(home: Sandbox) -> None:
    held = asyncio.Event()
    home.flowise.script("rag", Script(tokens=["one"]), Script(tokens=["two", "."], hold=held, hold_after=1))
    async with home.bot():
        root = await home.ask(f"{home.mention} one?")
        await home.answered(root)
        await home.ask("two?", thread_ts=root)
        await home.slack.until(lambda: len(home.flowise.predictions) == 2)
        await press(home, buttons(home, root)[0])
        await home.slack.until(lambda: told(home) == [wording.NOT_THE_NEWEST])
        held.set()
        await home.answered(root, 2)
    assert len(home.flowise.predictions) == 2


async def test_under_a_failure_or_what_was_stopped_there_is_none_and_trying_again_asks_anew_too(home: Sandbox) -> None:
    home.flowise.script("rag", Script(tokens=["one"]), Script(error="no model"), Script(tokens=["two"]))
    async with home.bot():
        root = await home.ask(f"{home.mention} why?")
        await home.answered(root)
        [ts] = buttons(home, root)
        await press(home, ts)
        [_, failed] = await home.answered(root, 2)
        assert wording.BOTH_REMEMBERED not in failed
        assert buttons(home, root) == [ts]
        await press(home, ts)
        await home.slack.until(lambda: told(home) == [wording.REGENERATED_ALREADY])
        message = home.slack.thread(home.channel, root)[-1]
        assert (await home.slack.press(home.ada, home.channel, message.ts, wording.ASK_AGAIN)).acked
        await home.slack.until(lambda: len(home.flowise.predictions) == 3 and home.idle)
        assert home.answers(root) == ["one", f"two\n{wording.BOTH_REMEMBERED}"]
        assert len(buttons(home, root)) == 2
    assert len({prediction.question for prediction in home.flowise.predictions}) == 1


async def test_a_question_that_was_deleted_is_not_asked(home: Sandbox) -> None:
    home.flowise.script("rag", Script(tokens=["one"]))
    async with home.bot():
        root = await home.ask("Listen.")
        question = await home.ask(f"{home.mention} why?", thread_ts=root)
        await home.answered(root)
        home.slack.delete(home.channel, question, user=home.ada)
        await press(home, buttons(home, root)[0])
        await home.slack.until(lambda: told(home) == [wording.QUESTION_GONE])
    assert len(home.flowise.predictions) == 1


async def test_where_slack_does_not_show_the_question_it_is_asked_as_it_was(home: Sandbox) -> None:
    home.flowise.script("rag", Script(tokens=["one"]), Script(tokens=["two"]))
    async with home.bot():
        root = await home.ask(f"{home.mention} why?")
        await home.answered(root)
        home.slack.refuse("conversations.replies", "missing_scope")
        await press(home, buttons(home, root)[0])
        await home.answered(root, 2)
    assert [prediction.question for prediction in home.flowise.predictions] == ["why?", "why?"]


async def test_in_a_direct_message_and_after_a_command(home: Sandbox) -> None:
    home.flowise.script("rag", *(Script(tokens=[f"number {number}"]) for number in range(4)))
    dm = home.slack.dm(home.ada)
    async with home.bot():
        await home.ask("one?", channel=dm)
        await home.slack.until(lambda: len(home.flowise.predictions) == 1 and home.idle)
        [ts] = [message.ts for message in home.slack.messages(dm) if wording.REGENERATE in message.plain]
        await press(home, ts, channel=dm)
        await home.slack.until(lambda: len(home.flowise.predictions) == 2 and home.idle)
        assert wording.BOTH_REMEMBERED in home.slack.messages(dm)[-1].plain
        await home.slack.command(home.ada, home.channel, "/flowise", "two?")
        await home.slack.until(lambda: len(home.flowise.predictions) == 3 and home.idle)
        root = home.slack.messages(home.channel)[-1].thread_ts or ""
        await press(home, buttons(home, root)[0])
        await home.slack.until(lambda: len(home.flowise.predictions) == 4 and home.idle)
        assert len(buttons(home, root)) == 2
    questions = [prediction.question for prediction in home.flowise.predictions]
    assert questions == ["one?", "one?", "two?", "two?"]
    assert len({prediction.chat_id for prediction in home.flowise.predictions}) == 2


async def test_without_the_setting_there_is_no_button(home: Sandbox) -> None:
    home.flowise.script("rag", Script(tokens=["one"]))
    async with home.bot(bot_regenerate=False):
        root = await home.ask(f"{home.mention} why?")
        assert await home.answered(root) == ["one"]
        assert buttons(home, root) == []


async def test_deleting_the_question_stops_the_answer_that_is_made_anew(home: Sandbox) -> None:
    held = asyncio.Event()
    home.flowise.script("rag", Script(tokens=["one"]), Script(tokens=["two", "three"], hold=held, hold_after=1))
    async with home.bot():
        root = await home.ask("Listen.")
        question = await home.ask(f"{home.mention} why?", thread_ts=root)
        await home.answered(root)
        await press(home, buttons(home, root)[0])
        await home.slack.until(lambda: home.answers(root)[1:] == ["two"])
        home.slack.delete(home.channel, question, user=home.ada)
        await home.slack.until(lambda: not home.growing(root))
        held.set()
        assert wording.stopped(StopOutcome.GOES_ON) in (await home.answered(root, 2))[1]
        assert len(buttons(home, root)) == 1
