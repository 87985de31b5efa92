"""People go on with what a flow suggests: asked by whoever presses, once; the real bot, over the wire."""

from __future__ import annotations

import asyncio
import json

import pytest

from bot.playground.flowise.scripts import Script
from bot.playground.flowise.wire import END, frame
from bot.playground.sandbox import Sandbox
from bot.playground.slack.message import Message
from bot.slack import wording
from bot.slack.text.answer_blocks import SUGGESTIONS
from tests.handlers.offered import SUGGESTED, idle, suggestions

pytestmark = pytest.mark.program

HOSTILE = "Tell <!channel> & <@U000000001> https://evil.example " + "more " * 30


def suggesting(*prompts: str, tokens: str = "one") -> Script:
    return Script(tokens=[tokens], metadata={"followUpPrompts": json.dumps(json.dumps(prompts))})


def texts(home: Sandbox, root: str, channel: str = "") -> list[str]:
    """What the bot's messages in a thread read, without buttons and the footnote."""
    thread = home.slack.thread(channel or home.channel, root)
    own = [message for message in thread if message.user == home.slack.bot_user_id]
    return [_body(message) for message in own]


def _body(message: Message) -> str:
    body = message.plain.replace(" ".join(suggestions(message)) or "\0", "")
    return "\n".join(line for line in body.splitlines() if line not in {"", wording.EVERY_MESSAGE, wording.REGENERATE})


@pytest.mark.parametrize("delivery", ["edit", "stream"])
async def test_a_suggestion_is_asked_once_by_whoever_presses_and_everybody_sees_who(
    home: Sandbox, delivery: str
) -> None:
    home.flowise.script("rag", suggesting("What else?", HOSTILE), Script(tokens=["two"]), Script(tokens=["three"]))
    bob = home.slack.user("bob")
    home.slack.invite(home.ada, home.channel, bob)
    async with home.bot(slack_delivery=delivery), home.bot(slack_delivery=delivery):
        root = await home.ask(f"{home.mention} one?")
        await home.answered(root)
        answer = home.slack.thread(home.channel, root)[-1]
        first, second = suggestions(answer)
        assert (first, len(second)) == ("What else?", 75)
        presses = [home.slack.press(bob, home.channel, answer.ts, first) for _ in range(3)]
        assert all(done.acked for done in await asyncio.gather(*presses))
        await home.slack.until(lambda: len(texts(home, root)) == 3)
        await idle(home)
        await home.slack.press(home.ada, home.channel, answer.ts, second)
        await home.slack.until(lambda: len(texts(home, root)) == 5)
        await idle(home)
    assert texts(home, root)[1:4] == ["bob asked:\nWhat else?", "two", f"ada asked:\n{HOSTILE.strip()}"]
    assert [prediction.question.splitlines()[-1] for prediction in home.flowise.predictions] == [
        *("one?", "What else?"),
        HOSTILE.strip(),
    ]
    assert len({prediction.chat_id for prediction in home.flowise.predictions}) == 1
    assert (home.slack.violations, home.slack.pings, home.slack.previews) == ([], [], [])


async def test_a_suggestion_in_a_direct_message_is_asked_there(home: Sandbox) -> None:
    home.flowise.script("rag", suggesting("What else?"), Script(tokens=["two"]))
    async with home.bot():
        channel = home.slack.dm(home.ada)
        await home.ask("one?", channel=channel)
        await home.slack.until(lambda: len(home.slack.messages(channel)) == 2 and home.idle)
        await home.slack.press(home.ada, channel, home.slack.messages(channel)[-1].ts, "What else?")
        await home.slack.until(lambda: len(home.slack.messages(channel)) == 4 and home.idle)
        assert [_body(message) for message in home.slack.messages(channel)][2:] == ["ada asked:\nWhat else?", "two"]
    assert len({prediction.chat_id for prediction in home.flowise.predictions}) == 1


async def test_the_words_of_an_agent_flow_are_whole_before_its_suggestions_come(home: Sandbox) -> None:
    """One edit more at most: the mark and the button to stop go, and then the suggestions come."""
    held = asyncio.Event()
    words = frame("agentFlowEvent", "INPROGRESS") + frame("token", "all of it")
    told = frame("metadata", {"chatId": "c", "chatMessageId": "m", "followUpPrompts": '["And?"]'}) + END
    home.flowise.script("rag", Script(raw=[words, frame("agentFlowEvent", "FINISHED"), told], hold=held, hold_after=2))
    async with home.bot():
        root = await home.ask(f"{home.mention} one?")
        await home.slack.until(lambda: texts(home, root) == ["all of it"])
        answer = home.slack.thread(home.channel, root)[-1]
        assert not suggestions(answer)
        before = len(answer.edits)
        held.set()
        await home.answered(root)
        answer = home.slack.thread(home.channel, root)[-1]
        assert suggestions(answer) == ["And?"]
        assert len(answer.edits) == before + 1


async def test_starter_prompts_stand_under_the_help_and_are_asked_where_it_was_called_for(home: Sandbox) -> None:
    home.flowise.configure("rag", starters=("What can you do?",))
    home.flowise.script("rag", Script(tokens=["one"]), Script(tokens=["two"]))
    async with home.bot():
        await home.ask(home.mention)
        await home.slack.until(lambda: bool(home.slack.ephemerals(home.channel, home.ada)))
        [usage] = home.slack.ephemerals(home.channel, home.ada)
        assert suggestions(usage) == ["What can you do?"]
        where = {"type": "message", "channel": home.channel, "ts": usage.ts}
        for _ in range(2):
            assert (await home.slack.act(home.ada, where, SUGGESTED, SUGGESTIONS[0], {})).acked
        await home.slack.until(lambda: len(home.flowise.predictions) == 1 and home.idle)
        roots = [each for each in home.slack.messages(home.channel) if each.thread_ts in (None, each.ts)]
        [asked] = [each for each in roots if each.user == home.slack.bot_user_id]
        assert asked.plain == "ada asked:\nWhat can you do?"
        assert texts(home, asked.ts)[1:] == ["one"]
        channel = home.slack.dm(home.ada)
        await home.ask("help", channel=channel)
        await home.slack.until(lambda: len(home.slack.messages(channel)) == 2 and home.idle)
        assert suggestions(home.slack.messages(channel)[-1]) == ["What can you do?"]
        await home.slack.press(home.ada, channel, home.slack.messages(channel)[-1].ts, "What can you do?")
        await home.slack.until(lambda: len(home.slack.messages(channel)) == 4 and home.idle)
        # The first answer in a direct message has them too.
        assert suggestions(home.slack.messages(channel)[-1]) == ["What can you do?"]
    assert home.slack.violations == []


async def test_a_suggestion_that_is_no_longer_kept_is_told_to_whoever_presses(home: Sandbox) -> None:
    home.flowise.script("rag", suggesting("What else?"))
    async with home.bot(bot_conversation_days=1 / 86_400):
        root = await home.ask(f"{home.mention} one?")
        await home.answered(root)
        await asyncio.sleep(1.1)
        answer = home.slack.thread(home.channel, root)[-1]
        assert (await home.slack.press(home.ada, home.channel, answer.ts, "What else?")).acked
        await home.slack.until(lambda: bool(home.slack.ephemerals(home.channel, home.ada)))
    assert home.slack.ephemerals(home.channel, home.ada)[0].plain == wording.NOT_KEPT
    assert len(home.flowise.predictions) == 1


async def test_a_suggestion_whose_process_stops_is_asked_once_by_another(home: Sandbox) -> None:
    """The question stands already when the first process is stopped: it is not posted again."""
    held = asyncio.Event()
    scripts = [
        suggesting("What else?"),
        Script(tokens=["slow", " one"], hold=held, hold_after=1),
        Script(tokens=["two"]),
    ]
    home.flowise.script("rag", *scripts)
    async with home.bot() as first:
        root = await home.ask(f"{home.mention} one?")
        await home.answered(root)
        answer = home.slack.thread(home.channel, root)[-1]
        await home.ask("slow?", thread_ts=root)
        await home.slack.until(lambda: len(home.flowise.predictions) == 2)
        await home.slack.press(home.ada, home.channel, answer.ts, "What else?")
        await home.slack.until(lambda: any("asked:" in text for text in texts(home, root)))
        first.stop()
        async with home.bot():
            held.set()
            await home.slack.until(lambda: len(home.flowise.predictions) == 3 and home.idle)
    assert sum("asked:" in text for text in texts(home, root)) == 1
    assert texts(home, root)[-1] == "two"
