"""Only questions are asked: thanks cost nothing, and the first answer in a thread says how to stop the bot there."""

from __future__ import annotations

import asyncio

import pytest

from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox
from bot.slack import wording

pytestmark = pytest.mark.program

LINE = wording.EVERY_MESSAGE


def questions(home: Sandbox) -> list[str]:
    return [prediction.question for prediction in home.flowise.predictions]


def under(home: Sandbox, root: str) -> list[bool]:
    """Whether the line stands last under each message of the bot."""
    thread = home.slack.thread(home.channel, root)
    ours = [message for message in thread if message.user == home.slack.bot_user_id]
    assert all(message.plain.count(LINE) <= 1 for message in ours)
    return [message.plain.endswith(f"\n{LINE}") for message in ours]


async def test_thanks_are_not_asked(home: Sandbox) -> None:
    home.flowise.script("rag", *(Script(tokens=[f"answer {number}."]) for number in range(4)))
    async with home.bot():
        root = await home.ask(f"{home.mention} why?")
        await home.answered(root)
        for thanks in ("Thanks!", ":+1:", "ok lol", "👍"):
            await home.ask(thanks, thread_ts=root)
        await home.slack.settled()
        await home.slack.until(lambda: home.idle)
        assert home.answers(root) == ["answer 0."]
        await home.slack.say(home.ada, home.channel, "ok", thread_ts=root, files=["plan.pdf"])
        await home.answered(root, 2)
        await home.ask(f"thanks {home.mention}", thread_ts=root)
        await home.answered(root, 3)
        direct = home.slack.dm(home.ada)
        await home.ask("thanks", channel=direct)
        await home.slack.until(lambda: len(home.flowise.predictions) == 4 and home.idle)
        assert LINE not in home.slack.messages(direct)[1].plain
    assert questions(home)[2:] == ["thanks", "thanks"]
    assert not home.slack.status(home.channel, root)


async def test_thanks_are_asked_where_that_is_set(home: Sandbox) -> None:
    async with home.bot(bot_small_talk="answer"):
        root = await home.ask(f"{home.mention} why?")
        await home.answered(root)
        await home.ask("thanks", thread_ts=root)
        await home.answered(root, 2)
    assert questions(home) == ["why?", "thanks"]


async def test_ok_is_an_answer_where_the_bot_has_asked_something_also_while_it_is_still_asking(home: Sandbox) -> None:
    asks, says = asyncio.Event(), asyncio.Event()
    home.flowise.script(
        "rag",
        Script(tokens=["Shall I ", "**go on?**"], hold=asks, hold_after=1),
        Script(tokens=["I went", " on."], hold=says, hold_after=1),
    )
    async with home.bot(bot_stop_grace=10):
        root = await home.ask(f"{home.mention} why?")
        await home.slack.until(lambda: home.answers(root) == ["Shall I"])
        await home.ask("ok", thread_ts=root)
        await home.slack.settled()
        asks.set()
        await home.slack.until(lambda: len(home.answers(root)) == 2 and home.answers(root)[1] == "I went")
        await home.ask("ok", thread_ts=root)
        await home.slack.settled()
        # It is stopped while the second one waits, and its next start goes on with that.
        says.set()
    async with home.bot():
        await home.slack.until(lambda: home.idle)
        await home.ask("And then?", thread_ts=root)
        await home.answered(root, 3)
    assert [question.splitlines()[-1] for question in questions(home)] == ["why?", "ok", "And then?"]


@pytest.mark.parametrize("mode", ["edit", "stream"])
async def test_the_first_answer_of_a_thread_says_once_how_to_stop_the_bot(home: Sandbox, mode: str) -> None:
    home.flowise.script("rag", Script(error="no model"), *[Script(tokens=["some ", "words"], token_wait=0.05)] * 2)
    async with home.bot(slack_delivery=mode):
        root = await home.ask(f"{home.mention} why?")
        await home.answered(root)
        for count in (2, 3):
            await home.ask("why?", thread_ts=root)
            await home.answered(root, count)
        assert under(home, root) == [False, True, False]
    assert home.slack.violations == []


async def test_the_word_that_the_line_names_stops_the_bot(home: Sandbox) -> None:
    async with home.bot():
        root = await home.ask(f"{home.mention} why?")
        await home.answered(root)
        await home.ask("`Quiet`", thread_ts=root)
        assert (await home.answered(root, 2))[1] == wording.QUIET
        await home.ask("not for you", thread_ts=root)
        await home.slack.settled()
    assert questions(home) == ["why?"]


async def test_quiet_alone_with_the_bot_is_answered_by_the_bot(home: Sandbox) -> None:
    direct = home.slack.dm(home.ada)
    async with home.bot():
        await home.ask("quiet", channel=direct)
        await home.slack.until(lambda: len(home.slack.messages(direct)) == 2)
        assert home.slack.messages(direct)[1].plain == wording.ALWAYS_LISTENING
        for place, sentence in ((direct, wording.ALWAYS_LISTENING), (home.channel, wording.QUIET_ONLY_IN_THREADS)):
            assert (await home.slack.command(home.ada, place, "/flowise", "Quiet")).text == sentence
    assert questions(home) == []
