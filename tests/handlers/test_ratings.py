"""People rate answers: Flowise has the asker's last press, whatever stops in between; the real bot, over the wire."""

from __future__ import annotations

import asyncio
import math
from functools import partial
from typing import Any

import pytest

from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox, sandbox
from bot.playground.slack.message import Message
from bot.slack import wording
from tests.handlers.offered import idle, rate, rating

pytestmark = pytest.mark.program

KEY = "k" * 43


async def answered(home: Sandbox, text: str = "why?", *, channel: str = "") -> Message:
    """Ada asks; the message of the whole answer."""
    mention = "" if channel else f"{home.mention} "
    root = await home.ask(f"{mention}{text}", channel=channel)
    await home.slack.until(lambda: bool(home.slack.thread(channel or home.channel, root)) and bool(last(home, channel)))
    await idle(home)
    return last(home, channel)[-1]


def last(home: Sandbox, channel: str = "") -> list[Message]:
    found = home.slack.messages(channel or home.channel)
    everything = [*found, *(reply for one in found for reply in home.slack.thread(channel or home.channel, one.ts)[1:])]
    return [message for message in everything if message.user == home.slack.bot_user_id]


def written(home: Sandbox) -> list[tuple[Any, Any]]:
    """What Flowise has of all ratings."""
    return [(row["rating"], row["content"]) for row in home.flowise.ratings.rows.values()]


def is_written(home: Sandbox, sign: str) -> bool:
    return [rating for rating, _ in written(home)] == [sign]


def told(home: Sandbox, user: str = "") -> list[str]:
    return [message.plain for message in home.slack.ephemerals(home.channel, user or home.ada)]


@pytest.mark.parametrize("delivery", ["edit", "stream"])
async def test_the_last_press_of_the_asker_counts_in_one_row_with_a_comment_on_a_bad_answer(
    home: Sandbox, delivery: str
) -> None:
    home.flowise.configure("rag", feedback=True)
    async with home.bot(slack_delivery=delivery), home.bot(slack_delivery=delivery):
        message = await answered(home)
        assert message.plain.splitlines()[-1] != wording.GOOD_ANSWER  # buttons are no text
        for good in (True, False, True, False):
            assert (await rate(home, message, good=good)).acked
            sign = "THUMBS_UP" if good else "THUMBS_DOWN"
            await home.slack.until(partial(is_written, home, sign))
        [view] = home.slack.core.workspace.views.modals[home.ada][-1:]
        comment = {"values": {"comment": {"comment": {"type": "plain_text_input", "value": "It is <!here> wrong."}}}}
        assert (await home.slack.submit(home.ada, view.id, comment)).acked
        await home.slack.until(lambda: written(home) == [("THUMBS_DOWN", "It is <!here> wrong.")])
        assert (await rate(home, message, good=False)).acked
        await idle(home)
        assert written(home) == [("THUMBS_DOWN", "It is <!here> wrong.")]
        assert (await rate(home, message, good=True)).acked
        await idle(home)
        assert written(home) == [("THUMBS_UP", "")]
    assert told(home) == []
    assert home.slack.violations == []


async def test_others_are_counted_by_us_alone_and_outsiders_are_refused(home: Sandbox) -> None:
    home.flowise.configure("rag", feedback=True)
    bob, eve = home.slack.user("bob"), home.slack.user("eve", team="TOTHER")
    home.channel = home.slack.channel("shared", members=[home.ada, bob, eve], shared=True)
    async with home.bot() as bot:
        message = await answered(home)
        await rate(home, message, good=False, user=bob)
        await rate(home, message, good=False, user=eve)
        await idle(home)
        counted = (await bot._metrics.text()).decode()
    assert 'flowise_slack_ratings_total{by="others",rating="bad"} 1.0' in counted
    assert 'flowise_slack_ratings_total{by="asker",rating="bad"} 0.0' in counted
    assert written(home) == []
    assert (told(home, bob), told(home, eve)) == ([wording.RATING_OF_ANOTHER], [wording.EXTERNAL])
    assert bob not in home.slack.core.workspace.views.modals


async def test_while_flowise_cannot_be_reached_a_rating_is_kept_and_passed_on_by_whoever_is_there(
    home: Sandbox,
) -> None:
    home.flowise.configure("rag", feedback=True)
    async with home.bot():
        message = await answered(home)
        home.flowise.ratings.away = True
        assert (await rate(home, message, good=True)).acked
        assert (await rate(home, message, good=False)).acked
        await asyncio.sleep(0.2)
    home.flowise.ratings.away = False
    async with home.bot():
        await home.slack.until(lambda: written(home) == [("THUMBS_DOWN", "")])
        await idle(home)
    assert written(home) == [("THUMBS_DOWN", "")]


async def test_a_row_that_is_there_already_is_changed_where_a_second_one_is_refused(home: Sandbox) -> None:
    """As with Postgres, where somebody has rated the answer in Flowise."""
    home.flowise.configure("rag", feedback=True)
    home.flowise.ratings.unique = True
    async with home.bot():
        message = await answered(home)
        [prediction] = home.flowise.predictions
        row = home.flowise._desk.memory.rows(prediction.flow_id, prediction.chat_id, None)[-1]
        answer = {"chatflowid": prediction.flow_id, "chatId": prediction.chat_id, "messageId": row["id"]}
        home.flowise.ratings.create(answer | {"rating": "THUMBS_DOWN", "content": "theirs"})
        await rate(home, message, good=True)
        await home.slack.until(lambda: written(home) == [("THUMBS_UP", "")])


async def test_an_answer_that_flowise_no_longer_has_is_told_once_and_its_buttons_go(home: Sandbox) -> None:
    home.flowise.configure("rag", feedback=True)
    async with home.bot():
        message = await answered(home)
        home.flowise._desk.memory._rows.clear()
        await rate(home, message, good=True)
        await home.slack.until(lambda: not rating(last(home)[-1]))
        await idle(home)
        assert last(home)[-1].plain == message.plain
    assert told(home) == [wording.RATING_UNKNOWN]
    assert home.slack.violations == []


async def test_after_the_days_of_a_conversation_it_is_too_late(home: Sandbox) -> None:
    home.flowise.configure("rag", feedback=True)
    async with home.bot(bot_conversation_days=1 / 86_400):
        message = await answered(home)
        await asyncio.sleep(1.1)
        await rate(home, message, good=True)
        await home.slack.until(lambda: told(home) == [wording.RATING_TOO_LATE])
    assert written(home) == []


@pytest.mark.parametrize(
    ("setting", "feedback", "offered"), [("auto", False, False), ("always", False, True), ("off", True, False)]
)
async def test_which_answers_can_be_rated(home: Sandbox, setting: str, feedback: bool, offered: bool) -> None:
    home.flowise.configure("rag", feedback=feedback)
    async with home.bot(bot_feedback=setting):
        assert bool(rating(await answered(home))) is offered


async def test_an_answer_that_failed_or_is_not_remembered_cannot_be_rated(home: Sandbox) -> None:
    """Without a key a chatflow does not tell that its words were whole; an agent flow does."""
    home.flowise.configure("rag", feedback=True)
    failing = [
        Script(tokens=["half"], error="no model", agentflow=agentflow, asked_only=True) for agentflow in (False, True)
    ]
    home.flowise.script("rag", *failing)
    async with home.bot():
        unsure, whole = await answered(home, "one?"), await answered(home, "two?")
    assert unsure.plain.startswith("half\nThis answer may be incomplete.")
    assert wording.ANSWER_NOT_REMEMBERED in whole.plain
    assert wording.ASK_AGAIN not in whole.plain
    assert not rating(unsure)
    assert not rating(whole)


async def test_with_a_key_the_stored_question_tells_that_a_chatflow_s_words_were_whole(own_redis: str) -> None:
    async with sandbox(own_redis, tokens_per_second=math.inf, api_key=KEY, scale=10) as home:
        home.flowise.script("rag", Script(tokens=["half"], error="no model", asked_only=True))
        home.flowise.script("rag", Script(tokens=["half"], error="no model"))
        async with home.bot(flowise_api_key=KEY):
            whole, broken = await answered(home, "one?"), await answered(home, "two?")
    assert wording.ANSWER_NOT_REMEMBERED in whole.plain
    assert "may be incomplete" in broken.plain
