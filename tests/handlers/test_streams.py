"""Answers that grow by Slack's own streaming: the real bot, over the wire, against a Slack that keeps its rules."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest

from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox
from bot.playground.slack import Message
from tests.slack.text.test_long import essay, numbers

START, APPEND, STOP = "chat.startStream", "chat.appendStream", "chat.stopStream"
DOCUMENT = {"pageContent": "secret words", "metadata": {"source": "guide.md"}}


def called(home: Sandbox, *methods: str) -> list[str]:
    """What the calls of these methods got, in order."""
    return [call.answer for call in home.slack.calls if call.method in methods]


def clean(home: Sandbox) -> bool:
    """Nobody is pinged, no link is previewed, no rule of Slack is broken, nothing is refused for its rate."""
    slack = home.slack
    return not (slack.pings or slack.previews or slack.violations or any(call.answer == "429" for call in slack.calls))


def growing(count: int = 40, *, wait: float = 0.03) -> Script:
    tokens = [f" word{number}" for number in range(count)]
    return Script(tokens=tokens, token_wait=wait, source_documents=[DOCUMENT])


def in_parts(count: int = 40) -> tuple[Script, list[asyncio.Event]]:
    """A script that sends one part and, at each event, another one: what streams of it does not hang on a clock."""
    parts = [asyncio.Event() for _ in range(3)]
    holds = {(number + 1) * count // 4: part for number, part in enumerate(parts)}
    return replace(growing(count, wait=0.0), holds=holds), parts


async def appended(home: Sandbox, parts: list[asyncio.Event]) -> None:
    """Wait until the first part of a script stands in a stream, and another one was added."""
    await home.slack.until(lambda: called(home, START) != [], 10)
    parts[0].set()
    await home.slack.until(lambda: called(home, APPEND) != [], 10)


def spoken(messages: list[Message]) -> list[str]:
    return re.findall(r"word\d+", " ".join(message.plain for message in messages))


async def whole(home: Sandbox, root: str, count: int = 40) -> list[Message]:
    """The bot's messages in a thread, when all words of a script stand there once and in order."""
    await home.answered(root)
    messages = home.slack.thread(home.channel, root)[1:]
    assert spoken(messages) == [f"word{number}" for number in range(count)]
    assert "guide.md" in messages[-1].plain
    assert "secret words" not in messages[-1].plain
    return messages


@pytest.mark.parametrize("mode", ["stream", "auto"])
async def test_an_answer_streams_in_one_message_with_its_sources(home: Sandbox, mode: str) -> None:
    script, parts = in_parts()
    home.flowise.script("rag", script)
    async with home.bot(slack_delivery=mode):
        root = await home.ask(f"{home.mention} grow")
        await appended(home, parts)
        parts[1].set()
        await home.slack.until(lambda: len(called(home, APPEND)) >= 2, 10)
        parts[2].set()
        [message] = await whole(home, root)
    assert called(home, START) == ["ok"]
    assert called(home, STOP) == ["ok"]
    assert len(called(home, APPEND)) >= 2
    assert called(home, "chat.postMessage", "chat.update") == []
    assert message.blocks[0]["type"] == "markdown"
    assert home.slack.status(home.channel, root) == ""
    assert clean(home)


async def test_a_follow_up_goes_on_where_the_thread_stood(home: Sandbox) -> None:
    async with home.bot(slack_delivery="stream"):
        root = await home.ask(f"{home.mention} How do sources look?")
        await home.answered(root)
        await home.ask("What did I ask before?", thread_ts=root)
        _, second = await home.answered(root, 2)
    assert "How do sources look" in second
    assert len({prediction.chat_id for prediction in home.flowise.predictions}) == 1
    assert clean(home)


async def test_what_slack_refuses_is_tried_once_and_not_again(home: Sandbox) -> None:
    home.slack.refuse(START, "unknown_method", times=100)
    async with home.bot(slack_delivery="auto"):
        for _ in range(2):
            home.flowise.script("rag", growing())
            root = await home.ask(f"{home.mention} grow")
            await whole(home, root)
    assert called(home, START) == ["unknown_method"]
    assert len(called(home, "chat.postMessage")) == 2
    assert clean(home)


@pytest.mark.parametrize("error", ["message_not_in_streaming_state", "msg_too_long", "streaming_state_conflict"])
async def test_a_stream_that_breaks_goes_on_by_edits_of_the_same_message(home: Sandbox, error: str) -> None:
    script, parts = in_parts(80)
    home.flowise.script("rag", script)
    async with home.bot(slack_delivery="stream"):
        root = await home.ask(f"{home.mention} grow")
        await appended(home, parts)
        home.slack.refuse(APPEND, error, times=1)
        parts[1].set()
        await home.slack.until(lambda: error in called(home, APPEND), 10)
        parts[2].set()
        [message] = await whole(home, root, 80)
    assert called(home, "chat.postMessage") == []
    assert message.blocks[0]["type"] == "rich_text"
    assert clean(home)


@pytest.mark.parametrize("method", [START, APPEND, STOP])
@pytest.mark.parametrize("fault", ["drop_reply", "break_before", "server_error"])
async def test_a_lost_answer_loses_and_doubles_nothing(home: Sandbox, method: str, fault: str) -> None:
    home.flowise.script("rag", growing())
    getattr(home.slack, fault)(method)
    async with home.bot(slack_delivery="stream"):
        root = await home.ask(f"{home.mention} grow")
        await whole(home, root)
    assert clean(home)


async def test_a_direct_message_is_flat_and_so_edited(home: Sandbox) -> None:
    home.flowise.script("rag", growing(5))
    async with home.bot(slack_delivery="stream"):
        await home.ask("grow", channel=home.slack.dm(home.ada))
        await home.slack.until(lambda: bool(called(home, "chat.postMessage")) and home.idle, 10)
    assert called(home, START) == []


@pytest.mark.documented_limits
async def test_many_at_once_share_streams_and_edits_and_all_are_whole(home: Sandbox) -> None:
    for _ in range(20):
        home.flowise.script("rag", growing(60, wait=0.05))
    channels = [home.slack.channel(f"room{number}", members=[home.ada]) for number in range(4)]
    async with home.bot(slack_delivery="auto"):
        roots = [(await home.ask(f"{home.mention} grow", channel=room), room) for room in channels * 5]
        for root, room in roots:
            await home.answered(root, channel=room, timeout=60)
            messages = [m for m in home.slack.thread(room, root) if m.user == home.slack.bot_user_id]
            assert spoken(messages) == [f"word{number}" for number in range(60)]
    assert 2 <= len(called(home, START)) <= 12
    assert len(called(home, "chat.postMessage")) >= 8
    assert clean(home)


async def test_sixty_thousand_characters_stream_in_order_once(home: Sandbox) -> None:
    text = essay(60_000)
    tokens = [text[start : start + 60] for start in range(0, len(text), 60)]
    home.flowise.script("rag", Script(tokens=tokens, token_wait=0.002))
    async with home.bot(slack_delivery="stream"):
        root = await home.ask(f"{home.mention} write")
        await home.answered(root, timeout=60)
    messages = home.slack.thread(home.channel, root)[1:]
    assert numbers("\n".join(message.body for message in messages)) == numbers(text)
    assert 6 <= len(called(home, START)) == len(messages) <= 10
    assert clean(home)
