"""The connection to Flowise breaks in an answer: the message says so at once, whether or not the rest can be had."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator

import pytest

from bot.conversation import runs
from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox, sandbox
from bot.records.thread import StopOutcome, Thread
from bot.slack import wording
from bot.store.redis import RedisStore
from tests.handlers.offered import rating, suggestions

KEY = "right-key"
TOKENS = [f" word{number}" for number in range(30)]


@pytest.fixture
async def home(own_redis: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    monkeypatch.setattr(runs, "_POLL", 0.05)
    async with sandbox(own_redis, tokens_per_second=math.inf, api_key=KEY, scale=10) as built:
        yield built
        assert built.slack.violations == []
        assert built.slack.streaming == []
        assert built.slack.core.workspace.statuses == []


def shown(home: Sandbox, root: str) -> str:
    return "\n".join(home.answers(root))


@pytest.mark.parametrize("mode", ["edit", "stream"])
@pytest.mark.parametrize("after", [0, 30])
async def test_a_connection_that_broke_is_told_and_its_answer_completed(home: Sandbox, mode: str, after: int) -> None:
    may_end = asyncio.Event()
    home.flowise.script("rag", Script(tokens=[*TOKENS, " end"], cut_after=after, hold=may_end, hold_after=after + 1))
    async with home.bot(slack_delivery=mode, flowise_api_key=KEY):
        root = await home.ask(f"{home.mention} why?")
        said = wording.FETCHING_REST if after else wording.FETCHING_ANSWER
        await home.slack.until(lambda: said in shown(home, root), 4)
        await home.slack.until(lambda: home.slack.status(home.channel, root) == wording.STATUS_FETCHING)
        may_end.set()
        [answer] = await home.answered(root)
        assert answer.split() == [*"".join(TOKENS).split(), "end"]
        assert len(home.flowise.predictions) == 1


@pytest.mark.parametrize("mode", ["edit", "stream"])
@pytest.mark.parametrize("at_once", [False, True])
async def test_a_stored_answer_of_other_words_takes_the_place_of_what_had_come(
    home: Sandbox, mode: str, at_once: bool
) -> None:
    may_end = asyncio.Event()
    script = Script(tokens=["Let me look. ", *TOKENS], stored="".join(TOKENS), cut_after=1, hold=may_end, hold_after=2)
    home.flowise.script("rag", script)
    if at_once:
        may_end.set()
    async with home.bot(slack_delivery=mode, flowise_api_key=KEY):
        root = await home.ask(f"{home.mention} why?")
        if not at_once:
            await home.slack.until(lambda: wording.FETCHING_REST in shown(home, root), 4)
            may_end.set()
        [answer] = await home.answered(root)
        assert answer.split() == "".join(TOKENS).split()
        assert len(home.flowise.predictions) == 1


async def test_one_whose_answer_is_stored_by_now_is_completed_without_a_word(home: Sandbox) -> None:
    home.flowise.configure("rag", feedback=True)
    home.flowise.script("rag", Script(tokens=TOKENS, end=False, metadata={"followUpPrompts": '["And now?"]'}))
    async with home.bot(flowise_api_key=KEY):
        root = await home.ask(f"{home.mention} why?")
        await home.answered(root)
    message = home.slack.thread(home.channel, root)[-1]
    assert message.body.split() == "".join(TOKENS).split()
    assert (suggestions(message), bool(rating(message))) == (["And now?"], True)
    assert not [
        edit for message in home.slack.thread(home.channel, root) for edit in message.edits if "fetching" in edit.text
    ]


async def test_silence_is_told_when_its_limit_has_run_out_and_given_up_after_the_wait(home: Sandbox) -> None:
    home.flowise.script("rag", Script(tokens=TOKENS, stalls=True))
    async with home.bot(flowise_api_key=KEY, flowise_event_timeout=0.2, flowise_left_run_wait=0.8):
        root = await home.ask(f"{home.mention} why?")
        await home.slack.until(lambda: wording.FETCHING_REST in shown(home, root))
        [answer] = await home.answered(root)
        assert "This answer is incomplete. This took too long" in answer
        assert wording.FETCHING_REST not in answer
    # Whoever asks next does not wait for the run once more.
    store = RedisStore.at(home.redis_url)
    run = await store.run_on(Thread(home.slack.team_id, home.channel, root).line, home.flowise.predictions[0].chat_id)
    assert run is not None
    assert run.left_at + 0.8 <= time.time()
    await store.aclose()


@pytest.mark.parametrize("key", [None, "wrong-key"])
@pytest.mark.parametrize("after", [0, 30])
async def test_without_a_key_that_may_read_it_is_incomplete_at_once(
    own_redis: str, key: str | None, after: int
) -> None:
    async with (
        sandbox(own_redis, tokens_per_second=math.inf, scale=10) as home,
        home.bot(flowise_left_run_wait=3600, flowise_api_key=key),
    ):
        home.flowise.script("rag", Script(tokens=TOKENS, cut_after=after, goes_on=False))
        root = await home.ask(f"{home.mention} why?")
        [answer] = await home.answered(root, timeout=3)
        assert ("This answer is incomplete" in answer) is bool(after)
        assert "cut off" in answer
        assert wording.FETCHING_REST not in answer


@pytest.mark.parametrize("mode", ["edit", "stream"])
@pytest.mark.parametrize("after", [0, 30])
async def test_of_an_answer_that_is_stopped_meanwhile_nothing_more_is_looked_for(
    home: Sandbox, mode: str, after: int
) -> None:
    may_end = asyncio.Event()
    home.flowise.script("rag", Script(tokens=[*TOKENS, " end"], cut_after=after, hold=may_end, hold_after=after + 1))
    async with home.bot(slack_delivery=mode, flowise_api_key=KEY):
        root = await home.ask(f"{home.mention} why?")
        said = wording.FETCHING_REST if after else wording.FETCHING_ANSWER
        await home.slack.until(lambda: said in shown(home, root), 4)
        [message] = home.slack.thread(home.channel, root)[1:]
        assert (await home.slack.press(home.ada, home.channel, message.ts, wording.STOP)).acked
        [answer] = await home.answered(root)
        may_end.set()
    assert answer.split() == [*"".join(TOKENS[:after]).split(), *wording.stopped(StopOutcome.UNKNOWN).split()]
