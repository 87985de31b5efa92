"""What stands in Slack at the end is what Flowise has stored: the real bot, over the wire, by edits and by streams."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator

import pytest

from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox, sandbox
from bot.records.thread import StopOutcome, Thread
from bot.slack import wording
from bot.store.redis import RedisStore

KEY = "right-key"
PREAMBLE = "Let me look that up for you."
ANSWER = "It is 42, as the calculator says."
TOOLS = [{"tool": "calculator", "toolInput": {}, "toolOutput": "42"}]
UPDATE, STOP = "chat.update", "chat.stopStream"

modes = pytest.mark.parametrize("mode", ["edit", "stream"])


@pytest.fixture
async def home(own_redis: str) -> AsyncIterator[Sandbox]:
    async with sandbox(own_redis, tokens_per_second=math.inf, api_key=KEY, scale=10) as built:
        yield built
        assert built.slack.violations == []
        assert built.slack.streaming == []
        assert built.slack.core.workspace.statuses == []


def made(home: Sandbox, method: str) -> int:
    return sum(call.method == method for call in home.slack.calls)


async def grown(home: Sandbox, script: Script, **changes: object) -> tuple[str, str]:
    """The thread, and what stands in it at the end of an answer whose words stood in Slack before it ended."""
    may_end = asyncio.Event()
    held = {"hold": may_end, "hold_after": len(script.tokens)}
    home.flowise.script("rag", Script(**{name: getattr(script, name) for name in script.__slots__} | held))
    async with home.bot(**{"flowise_api_key": KEY} | changes):
        root = await home.ask(f"{home.mention} what is it?")
        said = "".join(script.tokens).split()[0]
        await home.slack.until(lambda: said in "".join(home.answers(root)))
        may_end.set()
        [answer] = await home.answered(root)
    return root, answer


def with_tool(stored: str | None = ANSWER) -> Script:
    return Script(tokens=[PREAMBLE, ANSWER], stored=stored, used_tools=TOOLS)


@modes
async def test_what_an_agent_said_before_its_tool_call_is_gone_at_the_end(home: Sandbox, mode: str) -> None:
    root, answer = await grown(home, with_tool(), slack_delivery=mode)
    assert answer.splitlines()[0] == ANSWER
    assert "calculator" in answer.splitlines()[-1]
    assert home.flowise.row_requests[-1].keys() == {"chatId", "messageId"}
    _, message = home.slack.thread(home.channel, root)
    # A stream is stopped before its message can be edited.
    assert [PREAMBLE in edit.text for edit in message.edits] == ([False] if mode == "edit" else [True, False])


@modes
async def test_it_costs_one_edit_at_most_and_none_where_nothing_differs(home: Sandbox, mode: str) -> None:
    _, same = await grown(home, with_tool(stored=None), slack_delivery=mode)
    assert same.startswith(PREAMBLE + ANSWER)
    before = made(home, UPDATE)
    assert (before, made(home, STOP)) == ((1, 0) if mode == "edit" else (0, 1))
    _, replaced = await grown(home, with_tool(), slack_delivery=mode)
    assert replaced.startswith(ANSWER)
    assert made(home, UPDATE) - before == 1


@modes
async def test_without_a_sign_of_a_difference_nothing_is_read(home: Sandbox, mode: str) -> None:
    _, answer = await grown(home, Script(tokens=["Hello", " there"], stored="never read"), slack_delivery=mode)
    assert answer == "Hello there"
    assert home.flowise.row_requests == []


@modes
@pytest.mark.parametrize("key", [None, "wrong-key"])
async def test_without_the_key_the_streamed_text_stays(own_redis: str, mode: str, key: str | None) -> None:
    async with sandbox(own_redis, tokens_per_second=math.inf, scale=10) as home:
        _, answer = await grown(home, with_tool(), slack_delivery=mode, flowise_api_key=key)
    assert answer.startswith(PREAMBLE + ANSWER)


@modes
@pytest.mark.parametrize("in_time", [True, False])
async def test_while_it_is_read_the_answer_stays_as_it_is(
    home: Sandbox, mode: str, in_time: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.flowise.api._ENDING", 3.0 if in_time else 0.3)
    told, may_end = asyncio.Event(), asyncio.Event()
    home.flowise.hold_rows(told)
    script = Script(tokens=[PREAMBLE, ANSWER], stored=ANSWER, used_tools=TOOLS, hold=may_end, hold_after=2)
    home.flowise.script("rag", script)
    async with home.bot(flowise_api_key=KEY, slack_delivery=mode):
        root = await home.ask(f"{home.mention} what is it?")
        await home.slack.until(lambda: PREAMBLE in "".join(home.answers(root)))
        may_end.set()
        await home.slack.until(lambda: home.flowise.row_requests != [])
        assert made(home, STOP) == 0
        if mode == "edit":
            assert home.growing(root)
        if in_time:
            told.set()
        [answer] = await home.answered(root)
    assert answer.startswith(ANSWER if in_time else PREAMBLE + ANSWER)


@modes
async def test_an_answer_that_is_stopped_while_it_is_read_keeps_what_was_streamed(home: Sandbox, mode: str) -> None:
    may_end = asyncio.Event()
    home.flowise.hold_rows(asyncio.Event())
    script = Script(tokens=[PREAMBLE, ANSWER], stored="another one", used_tools=TOOLS, hold=may_end, hold_after=2)
    home.flowise.script("rag", script)
    async with home.bot(flowise_api_key=KEY, slack_delivery=mode):
        root = await home.ask(f"{home.mention} what is it?")
        await home.slack.until(lambda: PREAMBLE in "".join(home.answers(root)))
        may_end.set()
        await home.slack.until(lambda: home.flowise.row_requests != [])
        await home.ask(f"{home.mention} stop", thread_ts=root)
        [answer] = await home.answered(root)
    assert answer.startswith(PREAMBLE + ANSWER)
    assert wording.stopped(StopOutcome.FINISHED) in answer
    assert "another one" not in answer


@modes
async def test_an_answer_that_is_whole_at_once_is_posted_once(
    home: Sandbox, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.flowise.api._ENDING", 0.5)
    home.flowise.hold_rows(asyncio.Event())
    home.flowise.script("rag", with_tool())
    async with home.bot(flowise_api_key=KEY, slack_delivery=mode):
        root = await home.ask(f"{home.mention} what is it?")
        [answer] = await home.answered(root)
    assert answer.startswith(PREAMBLE + ANSWER)
    assert {call.method for call in home.slack.calls if call.method.startswith("chat.")} == {"chat.postMessage"}


@modes
async def test_no_address_of_flowise_is_in_any_version_of_a_message(home: Sandbox, mode: str) -> None:
    query = "chatflowId=secret-flow&chatId=secret-chat&fileName=table.csv&download=true"
    address = f"{home.flowise.url}/api/v1/get-upload-file?{query}"
    tokens = ["Well. It is at ", address[:20], address[20:], " and [here](sandbox:/mnt/data/table.csv)."]
    stored = f"It is at {address} and [here]({address})."
    _, answer = await grown(home, Script(tokens=tokens, stored=stored), slack_delivery=mode)
    assert answer == "It is at table.csv and here (table.csv)."
    said = json.dumps([dict(call.args) for call in home.slack.calls], default=str)
    for leak in ("get-upload-file", "secret-", home.flowise.url):
        assert leak not in said


@modes
async def test_an_address_that_flowise_has_put_in_place_is_no_difference(home: Sandbox, mode: str) -> None:
    address = f"{home.flowise.url}/api/v1/get-upload-file?chatId=c&fileName=a.csv&download=true"
    tokens = ["See [the table](sandbox:/mnt/data/a.csv)."]
    stored = f"See [the table]({address})."
    _, answer = await grown(home, Script(tokens=tokens, stored=stored), slack_delivery=mode)
    assert answer.replace("`", "") == "See the table (a.csv)."
    assert len(home.flowise.row_requests) == 1
    assert made(home, UPDATE) == (1 if mode == "edit" else 0)


@pytest.mark.parametrize(
    ("tokens", "stored", "asks"),
    [
        (["It is done. ", "Shall I go on?"], "It is done.", False),
        (["Shall I go on? ", "It is done."], "Shall I go on?", True),
    ],
)
async def test_the_thread_remembers_what_the_final_text_asks(
    home: Sandbox, tokens: list[str], stored: str, asks: bool
) -> None:
    root, _ = await grown(home, Script(tokens=tokens, stored=stored, used_tools=TOOLS))
    store = RedisStore.at(home.redis_url)
    known = await store.conversation(Thread(home.slack.team_id, home.channel, root))
    await store.aclose()
    assert known is not None
    assert known.asks is asks


@modes
async def test_the_flows_with_a_tool_end_with_what_they_have_stored(home: Sandbox, mode: str) -> None:
    for flow in ("tools", "agentflow"):
        changes = {"flowise_chatflow_id": home.flowise.flow(flow), "slack_delivery": mode}
        async with home.bot(flowise_api_key=KEY, **changes):
            root = await home.ask(f"{home.mention} what is 6*7?")
            [answer] = await home.answered(root)
        assert PREAMBLE not in answer
        assert answer.startswith("6*7 is 42, says the tool calculator.")
