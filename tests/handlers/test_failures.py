"""What a person reads when something fails: one sentence with a next step, once, and a reference for the log."""

from __future__ import annotations

import asyncio
import logging
import math
import re

import pytest
import structlog
from structlog.testing import capture_logs

from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox, sandbox
from bot.slack import wording
from bot.store.embedded import EmbeddedValkey

REFERENCE = re.compile(r"Reference for support: ([0-9a-f]{8})$", re.MULTILINE)


async def failed(home: Sandbox, said: str, **changes: object) -> str:
    """Ask once; the answer's only message holds `said` and ends with a reference."""
    async with home.bot(**changes):
        root = await home.ask(f"{home.mention} why?")
        [answer] = await home.answered(root)
    assert said in answer
    assert REFERENCE.search(answer)
    assert "predictionsServices" not in answer
    assert "Traceback" not in answer
    assert home.slack.status(home.channel, root) == ""
    return answer


async def test_flowise_is_down(home: Sandbox) -> None:
    await failed(home, "can't get an answer right now", flowise_url="http://127.0.0.1:9", flowise_connect_timeout=1)


async def test_what_answers_is_not_flowise(home: Sandbox) -> None:
    await failed(home, "not set up correctly", flowise_url=home.slack.url.removesuffix("/api/"))


async def test_the_chatflow_is_unknown(home: Sandbox) -> None:
    await failed(home, "not set up correctly", flowise_chatflow_id="00000000-0000-4000-8000-000000000000")
    assert home.flowise.predictions == []


async def test_the_flow_fails_before_a_word(home: Sandbox) -> None:
    await failed(home, "Something went wrong", flowise_chatflow_id=home.flowise.flow("fails"))


async def test_the_flow_fails_in_the_middle(home: Sandbox) -> None:
    answer = await failed(home, "This answer may be incomplete", flowise_chatflow_id=home.flowise.flow("fails_midway"))
    assert not answer.startswith("This answer")


async def test_the_flow_says_nothing(home: Sandbox) -> None:
    await failed(home, "didn't come up with an answer", flowise_chatflow_id=home.flowise.flow("empty"))


async def test_flowise_limits_the_rate(home: Sandbox) -> None:
    home.flowise.script("rag", *[Script(status=429, headers={"Retry-After": "60"}, body=b"slow down")] * 2)
    await failed(home, "asked too much in a short time")
    assert len(home.flowise.predictions) == 1


@pytest.mark.parametrize("delivery", ["edit", "stream"])
async def test_the_builder_s_own_words_for_its_rate_limit_are_shown(home: Sandbox, delivery: str) -> None:
    headers = {"Retry-After": "60", "X-RateLimit-Limit": "2"}
    home.flowise.script("rag", Script(status=429, headers=headers, body=b"Only two an hour, <!here> @here."))
    answer = await failed(home, "Please try again in a minute.", slack_delivery=delivery)
    assert "Only two an hour" not in answer  # it looks like a page
    home.flowise.script("rag", Script(status=429, headers=headers, body=b"Only two an hour, @here."))
    await failed(home, "“Only two an hour, @", slack_delivery=delivery)
    assert home.slack.pings == []


async def test_flowise_is_slow_to_begin(home: Sandbox) -> None:
    home.flowise.script("rag", Script(silent=True))
    await failed(home, "took too long", flowise_headers_timeout=0.3)
    assert len(home.flowise.predictions) == 1


async def test_after_some_failures_questions_get_their_sentence_at_once(home: Sandbox) -> None:
    """Also one that has waited in the line meanwhile."""
    may_end = asyncio.Event()
    no_gateway = Script(status=502, headers={"Content-Type": "text/html"}, body=b"<html>Bad gateway")
    home.flowise.script("rag", Script(tokens=["first ", "answer"], hold=may_end, hold_after=1), *[no_gateway] * 3)
    async with home.bot():
        root = await home.ask(f"{home.mention} one")
        await home.slack.until(lambda: home.answers(root) == ["first"])
        await home.ask("two", thread_ts=root)
        await home.slack.until(lambda: home.answers(root)[1:] == [wording.queued(1, busy=False)])
        others: list[str] = []
        for _ in range(3):
            others.append(await home.ask(f"{home.mention} three"))
            await home.slack.until(
                lambda: all("can't get an answer" in "".join(home.answers(other)) for other in others)
            )
        may_end.set()
        first, second = await home.answered(root, 2)
        assert first.startswith("first answer")
        assert "I haven't sent your question. Please try again in 15 seconds." in second
        assert REFERENCE.search(second)
        assert len(home.flowise.predictions) == 4


async def test_the_key_is_wrong(own_redis: str) -> None:
    async with sandbox(own_redis, tokens_per_second=10_000, api_key="right") as home:
        await failed(home, "not set up correctly", flowise_api_key="wrong-key")


@pytest.mark.parametrize("key", [None, "right"])
async def test_a_question_after_an_answer_that_broke_off_begins_anew_and_waits_only_with_a_key(
    own_redis: str, key: str | None
) -> None:
    """Without one, nothing would show that the run is over."""
    async with sandbox(own_redis, tokens_per_second=math.inf, api_key=key, scale=10) as home:
        broken = Script(tokens=["half", " of", " it"], cut_after=2, goes_on=False)
        home.flowise.script("rag", Script(tokens=["zero"]), broken)
        async with home.bot(flowise_left_run_wait=0.3 if key else 60, flowise_api_key=key):
            root = await home.ask(f"{home.mention} zero")
            await home.answered(root)
            await home.ask("one", thread_ts=root)
            _, first = await home.answered(root, 2)
            assert first.startswith("half of")
            assert "I won't remember this attempt, so ask in full." in first
            await home.ask("two", thread_ts=root)
            _, _, second = await home.answered(root, 3)
            assert wording.NOT_REMEMBERED_BEFORE in second
            zero, one, two = home.flowise.predictions
            assert zero.chat_id == one.chat_id != two.chat_id
            await home.ask("three", thread_ts=root)
            *_, third = await home.answered(root, 4)
            assert wording.NOT_REMEMBERED_BEFORE not in third
            assert home.flowise.predictions[3].chat_id == two.chat_id


NO_GATEWAY = Script(status=502, headers={"Content-Type": "text/html"}, body=b"<html>Bad gateway")
FIRST_FAILURES = [
    NO_GATEWAY,
    Script(silent=True),
    Script(tokens=["half"], cut_after=0),
    Script(tokens=["half", " of"], cut_after=1, goes_on=False),
    Script(tokens=["half"], stalls=True),
]


async def test_a_question_after_a_first_answer_that_failed_is_asked_at_once_on_a_new_chat(home: Sandbox) -> None:
    home.flowise.script("rag", *FIRST_FAILURES, NO_GATEWAY)
    changes = {"flowise_headers_timeout": 0.3, "flowise_event_timeout": 0.3, "flowise_left_run_wait": 3600}
    async with home.bot(**changes):
        # Two in a row fail before an answer: a third would have Flowise left alone for a while.
        roots = [await home.ask(f"{home.mention} one {number}") for number in range(len(FIRST_FAILURES))]
        await home.slack.until(lambda: home.idle and all(home.answers(root) for root in roots))
        direct = home.slack.dm(home.ada)
        await home.ask("one", channel=direct)
        await home.slack.until(lambda: home.idle and len(home.slack.messages(direct)) == 2)
        for root in roots:
            await home.ask("two", thread_ts=root)
        await home.ask("two", channel=direct)
        await home.slack.until(lambda: all("two" in home.answers(root)[-1] for root in roots))
        await home.slack.until(lambda: home.idle and "two" in home.slack.messages(direct)[-1].plain)
    assert len({prediction.chat_id for prediction in home.flowise.predictions}) == len(home.flowise.predictions) == 12
    said = " ".join(message.plain for root in roots for message in home.slack.thread(home.channel, root))
    assert wording.NOT_REMEMBERED_BEFORE not in said


async def test_a_left_run_that_is_seen_to_end_is_gone_on_with(own_redis: str) -> None:
    async with sandbox(own_redis, tokens_per_second=10_000, api_key="right") as home:
        # Longer than the second by which a Date header may be off.
        home.flowise.script("rag", Script(tokens=["half", " of", " it"], token_wait=0.7, cut_after=1))
        async with home.bot(flowise_left_run_wait=20, flowise_api_key="right"):
            root = await home.ask(f"{home.mention} one")
            await home.answered(root)
            await home.flowise.predictions[0].over()
            await home.ask("What did I ask before?", thread_ts=root)
            _, second = await home.answered(root, 2)
            assert wording.NOT_REMEMBERED_BEFORE not in second
            assert home.flowise.predictions[0].chat_id == home.flowise.predictions[1].chat_id
            assert home.flowise.collisions == 0


async def test_an_agent_flow_that_we_leave_is_stopped(own_redis: str) -> None:
    async with (
        sandbox(own_redis, tokens_per_second=4) as home,
        home.bot(flowise_total_timeout=1, flowise_chatflow_id=home.flowise.flow("agentflow")),
    ):
        root = await home.ask(f"{home.mention} one")
        [broken] = await home.answered(root)
        assert "took too long" in broken
        await home.flowise.predictions[0].over()
        await home.ask("two", thread_ts=root)
        await home.answered(root, 2)
        assert home.flowise.predictions[0].chat_id != home.flowise.predictions[1].chat_id
        assert home.flowise.collisions == 0


async def test_slack_refuses_the_answer(home: Sandbox) -> None:
    home.slack.refuse("chat.postMessage", "restricted_action")
    async with home.bot():
        await home.ask(f"{home.mention} why?")
        await home.slack.until(lambda: len(home.slack.ephemerals(home.channel, home.ada)) == 1)
        told = home.slack.ephemerals(home.channel, home.ada)[0].plain
        assert "restricted" in told
        assert REFERENCE.search(told)


async def test_slack_loses_replies_and_the_answer_stands_once_and_whole_in_a_long_thread(home: Sandbox) -> None:
    home.slack.drop_reply("chat.postMessage")
    home.slack.longest_page = 15
    home.flowise.script("rag", Script(tokens=["half ", "and ", "whole"], token_wait=0.2))
    async with home.bot():
        root = await home.ask("a long thread")
        for number in range(40):
            await home.ask(f"m{number}", thread_ts=root)
        await home.ask(f"{home.mention} why?", thread_ts=root)
        await home.answered(root, timeout=15)
        assert [answer.split() for answer in home.answers(root)] == [["half", "and", "whole"]]


@pytest.mark.parametrize("times", [1, None])
async def test_slack_refuses_blocks_once_or_always_and_the_answer_stands(home: Sandbox, times: int | None) -> None:
    home.slack.refuse_blocks(times=times)
    home.flowise.script("rag", Script(tokens=["half <!channel> ", "and ", "whole"]))
    async with home.bot():
        root = await home.ask(f"{home.mention} why?")
        await home.slack.until(lambda: bool(home.answers(root)) and "whole" in home.answers(root)[0])
        [answer] = home.answers(root)
        assert answer.replace("\u2060", "").split() == ["half", "<!channel>", "and", "whole"]
        assert home.slack.pings == []


@pytest.mark.documented_limits
async def test_slack_limits_the_rate_and_the_answers_are_whole(home: Sandbox) -> None:
    home.slack.limit("chat.update", 1, after=5)
    for _ in range(3):
        home.flowise.script("rag", Script(tokens=[f"word{number} " for number in range(50)], token_wait=0.05))
    async with home.bot():
        roots = [await home.ask(f"{home.mention} why?") for _ in range(3)]
        for root in roots:
            # One refusal that nothing explains: the last words do not wait until a minute has passed.
            await home.answered(root, timeout=20)
            [message] = home.slack.thread(home.channel, root)[1:]
            assert message.body.split()[-1] == "word49"
    limited = [call.at for call in home.slack.calls if call.answer == "429"]
    assert limited
    later = [call.at for call in home.slack.calls if call.method == "chat.update"]
    for at in limited:
        assert not [other for other in later if at < other < at + 1.0]


async def test_redis_is_away_when_a_question_comes_and_when_an_answer_ends(
    home: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = EmbeddedValkey(tmp_path_factory.mktemp("store"))
    held = asyncio.Event()
    home.flowise.script("rag", Script(tokens=["begun ", "and ended"], hold=held, hold_after=1))
    async with home.bot(redis_url=await server.start()):
        root = await home.ask(f"{home.mention} hello")
        await home.slack.until(lambda: home.answers(root) == ["begun"])
        await server.stop()
        second = await home.ask(f"{home.mention} are you there?")
        await home.slack.until(lambda: home.answers(second) == [wording.NOT_YET])
        held.set()
        await home.slack.until(lambda: home.answers(root) == ["begun and ended"])
        await home.ask("and in the thread?", thread_ts=root)
        await server.start()
        await home.slack.until(lambda: len(home.flowise.predictions) == 3 and home.idle, 20)
        # What was not acknowledged is delivered again, and answered where it was apologised for.
        [answer] = home.answers(second)
        assert "are you there?" in answer
        assert wording.NOT_YET not in answer
        assert "in the thread?" in home.answers(root)[1]
        assert sorted(p.question for p in home.flowise.predictions) == ["and in the thread?", "are you there?", "hello"]
        assert home.slack.violations == []


class References(logging.Handler):
    """Collects the references that lines carry."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.add(structlog.contextvars.get_contextvars().get("ref", ""))


async def test_the_lines_of_the_flowise_client_carry_the_reference(home: Sandbox) -> None:
    client, references = logging.getLogger("bot.flowise"), References()
    level = client.level
    client.setLevel(logging.DEBUG)
    client.addHandler(references)
    try:
        answer = await failed(home, "didn't come up with an answer", flowise_chatflow_id=home.flowise.flow("empty"))
    finally:
        client.removeHandler(references)
        client.setLevel(level)
    assert len(references.seen) == 1
    assert f"Reference for support: {references.seen.pop()}" in answer


async def test_the_reference_is_in_the_log(home: Sandbox) -> None:
    with capture_logs() as lines:
        answer = await failed(home, "Something went wrong", flowise_chatflow_id=home.flowise.flow("fails"))
    match = REFERENCE.search(answer)
    assert match is not None
    [line] = [line for line in lines if line["event"] == "turn failed"]
    assert line["ref"] == match[1]
    assert line["error"] == "FlowiseFailed"


async def test_the_lines_of_the_calls_to_slack_carry_the_reference(home: Sandbox) -> None:
    home.slack.limit("chat.postMessage", 1)
    client, references = logging.getLogger("slack_sdk.web.async_base_client"), References()
    level = client.level
    async with home.bot(flowise_chatflow_id=home.flowise.flow("empty")):
        client.setLevel(logging.DEBUG)  # it writes a line for each call
        client.addHandler(references)
        try:
            with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
                [answer] = await home.answered(await home.ask(f"{home.mention} why?"))
        finally:
            client.removeHandler(references)
            client.setLevel(level)
    [limited] = [line for line in lines if line["event"] == "calls rate limited"]
    assert f"Reference for support: {limited['ref']}" in answer
    assert references.seen == {limited["ref"]}
