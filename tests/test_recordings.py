"""Every recorded prediction of a real Flowise 3.1.4, through the real parts of the bot, as a person reads it in Slack.

All recordings are played once, each as a flow and in a channel of its own; the tests then look at what stands in Slack.
"""

from __future__ import annotations

import asyncio
import html
import json
import logging
import math
import re
from collections.abc import Mapping, MutableMapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

import bot.flowise.client as flowise
from bot.conversation.question import Question
from bot.playground.flowise import LocalFlowise
from bot.playground.slack import LocalSlack
from bot.playground.slack.message import Message
from bot.playground.slack.plain import body, plain
from bot.records.thread import Item
from bot.reply.contract import Place
from bot.reply.streams import Mode
from bot.slack import wording
from bot.slack.client import SlackClient
from bot.slack.text.decision_blocks import TOOLS
from bot.slack.wire import new_session, web_client
from bot.store.redis import RedisStore
from bot.workspace.process import DeliverySettings
from bot.workspace.work import reference_of
from tests.workspace.made import made_workspace

pytestmark = pytest.mark.program

RECORDINGS = Path(__file__).parent / "recordings"
NAMES = sorted(path.stem for path in RECORDINGS.glob("*.jsonl"))
# Enough to keep both sides busy.
AT_A_TIME = 12
INTERVAL = 0.05
# Nobody hears again from a recording that hangs, so any limit will do; the others end by themselves. Where one hangs in
# the middle of a stream, what came before is to be read, also on a busy machine.
IMPATIENT = flowise.Limits(headers=0.5, json=0.5, silence=0.5, events=0.5)
CUT_OFF = flowise.Limits(events=3.0)


# What an agent's node adds to its text where a tool has to be allowed: it is shown as a list.
TOOL_REQUEST = "\nAttempting to use tool:\n```json\n"

# What was recorded, read without any code of ours ---------------------------------------------------------------------


@dataclass(frozen=True)
class Recorded:
    """`frames` are the events of a stream, `body` is an answer in one piece."""

    frames: list[dict[str, Any]]
    body: dict[str, Any]
    hangs: bool

    def data(self, name: str) -> list[Any]:
        return [frame["data"] for frame in self.frames if frame["event"] == name]

    @property
    def whole(self) -> bool:
        return (bool(self.data("end")) and not self.data("error")) or bool({"text", "json"} & self.body.keys())

    @property
    def fails_after_its_words(self) -> bool:
        """Whether an agent flow had said all, and then its follow-up prompts could not be made."""
        return "FINISHED" in self.data("agentFlowEvent") and bool(self.data("error"))

    @property
    def text(self) -> str:
        if "json" in self.body and "text" not in self.body:
            return json.dumps(self.body["json"])
        said = "".join(text.partition(TOOL_REQUEST)[0] for text in self.data("token"))
        return said or str(self.body.get("text", ""))

    @property
    def documents(self) -> list[dict[str, Any]]:
        documents: list[dict[str, Any]] = (self.data("sourceDocuments") or [self.body.get("sourceDocuments") or []])[-1]
        return documents

    @property
    def tools(self) -> list[str]:
        used = (self.data("usedTools") or [self.body.get("usedTools") or []])[-1]
        return list(dict.fromkeys(tool["tool"] for tool in used))

    @property
    def written(self) -> str:
        """What its tools have written in Markdown, which stands under the text."""
        nodes = self.body.get("agentFlowExecutedData") or [{"data": {"output": self.body}}]
        made = (self.data("artifacts") or [nodes[-1]["data"].get("output", {}).get("artifacts") or []])[-1]
        parts = [part for item in made for part in (item if isinstance(item, list) else [item])]
        return "".join(part["data"] for part in parts if part["type"] == "markdown")


def recorded(name: str) -> Recorded:
    rows = [json.loads(line) for line in (RECORDINGS / f"{name}.jsonl").read_text("utf-8").split("\n") if line]
    lines = (line for row in rows for line in row.get("frame", "").split("\n"))
    frames = [json.loads(line.removeprefix("data:")) for line in lines if line.startswith("data:")]
    tail = "".join(row.get("tail", "") for row in rows)
    closed = next(row["closed"] for row in rows if "closed" in row)
    return Recorded(frames, json.loads(tail) if tail.startswith("{") else {}, closed == "curl: time-out")


ALL = {name: recorded(name) for name in NAMES}


# What stands in Slack -------------------------------------------------------------------------------------------------


def is_list_of_sources(block: Mapping[str, object]) -> bool:
    return plain("", [block]).splitlines()[:1] == ["Sources"]


def is_beside(block: Mapping[str, object]) -> bool:
    """Whether a block lists sources, or the tools that are to be allowed."""
    return is_list_of_sources(block) or block.get("block_id") == TOOLS


@dataclass(frozen=True)
class Played:
    """`messages` are the bot's in the thread, `asked` counts the predictions, `log` has this turn's lines."""

    messages: list[Message]
    status: str
    asked: int
    log: list[MutableMapping[str, Any]]

    @property
    def body(self) -> str:
        """The answer without the list of its sources and what else stands around it."""
        return "\n".join(
            body(message.text, [block for block in message.blocks if not is_beside(block)]) for message in self.messages
        )

    @property
    def plain(self) -> str:
        return "\n".join(message.plain for message in self.messages)


@dataclass(frozen=True)
class Run:
    """All of it, and what happened around."""

    played: Mapping[str, Played]
    slack: LocalSlack
    collisions: int
    complaints: list[str]


class Complaints(logging.Handler):
    """Keeps what libraries and asyncio complain about."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


async def play_all(redis_url: str) -> Run:
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(LocalSlack(scale=1_000))
        server = await stack.enter_async_context(LocalFlowise(tokens_per_second=math.inf))
        store = RedisStore.at(redis_url, prefix=f"recordings-{uuid4().hex}")
        stack.push_async_callback(store.aclose)
        session = await stack.enter_async_context(new_session())
        client = SlackClient(web_client(slack.bot_token, slack.url, session), session)
        identity = await client.identity()
        wire = await stack.enter_async_context(flowise.new_session())
        ada = slack.user("ada")
        turns = asyncio.Semaphore(AT_A_TIME)

        async def play(name: str) -> Played:
            async with (
                turns
            ):  # what is made for one is made in its turn: all at once would hold up those that have begun
                return await played_alone(name)

        async def played_alone(name: str) -> Played:
            flow = server.replay(RECORDINGS / f"{name}.jsonl")
            limits = flowise.Limits()
            if ALL[name].hangs:
                limits = CUT_OFF if ALL[name].frames else IMPATIENT
            chatflow = flowise.Client(wire, server.url, flow, None, limits)
            delivery = DeliverySettings(INTERVAL, 50, Mode.EDIT, scale=1000)
            workspace = made_workspace(chatflow, client, store, {}, identity, delivery)
            # In a channel of its own: the posts to one channel are kept apart, and would wait for one another.
            channel = slack.channel(name.replace("_", "-"), members=[ada])
            root, ref = await slack.say(ada, channel, f"a question for {name}"), reference_of(name)
            place = Place(channel, root, ada)
            question = Question(workspace.thread(channel, root), place, ts=root, text="why?", reference=ref)
            item = Item(identity.team, question.thread.line, ref, root, "message", "{}")
            lease = await workspace.mailbox.accept(item)
            assert lease is not None
            async with workspace.mailbox.kept(lease):
                await workspace.answering.answer(question, lease)
                await lease.settle()
            messages = [message for message in slack.thread(channel, root) if message.user == slack.bot_user_id]
            asked = sum(prediction.flow_id == flow for prediction in server.predictions)
            return Played(
                messages, slack.status(channel, root), asked, [line for line in log if line.get("ref") == ref]
            )

        complaints = Complaints()
        logging.getLogger().addHandler(complaints)
        try:
            with capture_logs() as log:
                played = await asyncio.gather(*map(play, NAMES))
        finally:
            logging.getLogger().removeHandler(complaints)
        broken = [str(line) for line in log if line["log_level"] not in {"info", "warning"}]
        return Run(dict(zip(NAMES, played, strict=True)), slack, server.collisions, [*broken, *complaints.said])


@pytest.fixture(scope="module")
def run(redis_url: str) -> Run:
    return asyncio.run(play_all(redis_url))


# The comparison -------------------------------------------------------------------------------------------------------

# What is not shown as it is written: the language of a fenced block, a link's address, of which a file's name is left
# where the file is the flow's own, HTML's tags.
UNSEEN = (
    (re.compile(r"^ *(```|~~~)[^\n`]*$", re.MULTILINE), ""),
    (re.compile(r"(?<!!)\[([^\]]*)\]\(sandbox:[^)]*?([^)/]*)\)"), r"\1 (\2)"),
    (re.compile(r"\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"^<p>.*<script>.*?</script><b>(bold)</b>(<br/>.*)</p>$"), r"Hello \1\2"),
    (re.compile(r"<br\s*/?>"), ""),
    (re.compile(r"<thinking>.*?</thinking>"), ""),
)
# Numbers of lists, which the local Slack does not draw; all other syntax, on both sides: a table is drawn with + and -.
NUMBERS = re.compile(r"^ *\d+[.)] ", re.MULTILINE)
SYNTAX = re.compile(r"[\s*_`#<>|\\~\[\]()!:+—-]+")


def bare(shown: str) -> str:
    """What is left without Markdown's signs, its escapes (`&amp;`) and white space."""
    return SYNTAX.sub("", html.unescape(shown))


def bare_markdown(written: str) -> str:
    for pattern, seen in (*UNSEEN, (NUMBERS, "")):
        written = pattern.sub(seen, written)
    return bare(written)


def with_text(*, whole: bool | None = None) -> list[str]:
    return [name for name in NAMES if ALL[name].text.strip() and whole in (None, ALL[name].whole)]


ASKS_ALONE = [name for name in NAMES if ALL[name].data("action") and not ALL[name].text.strip()]
FORGOTTEN = [name for name in NAMES if ALL[name].fails_after_its_words]
FAILED = [
    name for name in NAMES if not (ALL[name].whole and ALL[name].text.strip()) and name not in (*ASKS_ALONE, *FORGOTTEN)
]
REFERENCE = re.compile(r"Reference for support: [0-9a-f]{8}")
UNFINISHED = (wording.THINKING, wording.queued(1, busy=False), wording.HELD_BACK, wording.FETCHING_ANSWER, "Using ")


def test_the_recordings_are_of_all_kinds() -> None:
    assert len(with_text(whole=True)) > 100
    assert len(with_text(whole=False)) > 10
    assert len(FAILED) > 50
    assert sum(ALL[name].hangs for name in NAMES) > 5
    assert set(with_text(whole=True)) | set(FAILED) | set(ASKS_ALONE) | set(FORGOTTEN) == set(NAMES)
    assert len(ASKS_ALONE) > 3


@pytest.mark.parametrize("name", with_text())
def test_the_words_of_the_answer_stand_in_slack(run: Run, name: str) -> None:
    words = bare_markdown(ALL[name].text) + bare_markdown(ALL[name].written)
    assert words
    assert bare(run.played[name].body) == words


@pytest.mark.parametrize("name", with_text(whole=True))
def test_an_answer_is_closed(run: Run, name: str) -> None:
    played = run.played[name]
    assert not REFERENCE.search(played.plain)
    assert not [message for message in played.messages if message.plain.startswith(UNFINISHED)]
    assert played.status == ""
    offered = ["decision offered"] if asks(name) else []
    assert [line["event"] for line in played.log] == ["question begun", *offered, "turn finished"]


def asks(name: str) -> bool:
    """Whether a flow waits for a person."""
    return bool(ALL[name].data("action") or ALL[name].body.get("action"))


@pytest.mark.parametrize("name", [name for name in NAMES if asks(name)])
def test_a_flow_that_waits_for_a_person_offers_its_two_labels(run: Run, name: str) -> None:
    [action] = ALL[name].data("action") or [ALL[name].body["action"]]
    shown = run.played[name].plain
    assert " ".join(button["label"] for button in action["elements"]) in shown
    assert "tool_call" not in shown
    for call in action["mapping"].get("toolCalls", []):
        assert f"{call['name']}\ninput: {call['args']['input']}" in shown


@pytest.mark.parametrize("name", FAILED)
def test_a_failure_is_one_closed_message(run: Run, name: str) -> None:
    played = run.played[name]
    [message] = played.messages
    assert len(REFERENCE.findall(message.plain)) == 1
    assert not message.plain.startswith(UNFINISHED)
    assert ("incomplete" in message.plain) == bool(ALL[name].text.strip())
    assert "predictionsServices" not in message.plain
    assert played.status == ""
    assert [line["event"] for line in played.log] == ["question begun", "turn failed"]


@pytest.mark.parametrize("name", FORGOTTEN)
def test_an_answer_that_is_whole_but_not_stored_is_no_failure(run: Run, name: str) -> None:
    played = run.played[name]
    [message] = played.messages
    assert bare(message.plain).startswith(bare(ALL[name].text) + bare(wording.ANSWER_NOT_REMEMBERED))
    assert not REFERENCE.search(message.plain)
    assert "predictionsServices" not in message.plain


@pytest.mark.parametrize("name", NAMES)
def test_flowise_is_asked_once(run: Run, name: str) -> None:
    # A 429 says that nothing was started, and when to come back.
    assert run.played[name].asked in ({1, 2} if name.startswith("ratelimit") else {1})


@pytest.mark.parametrize("name", [name for name in NAMES if ALL[name].documents])
def test_the_sources_stand_under_the_answer(run: Run, name: str) -> None:
    [sources] = [block for block in run.played[name].messages[-1].blocks if is_list_of_sources(block)]
    lines, raw = plain("", [sources]).splitlines()[1:], json.dumps(sources)
    for document in ALL[name].documents:
        metadata = document["metadata"]
        title = metadata.get("title") or metadata.get("source") or "Untitled"
        assert any(title in line for line in lines)
        assert metadata.get("url", "") in raw
        assert json.dumps(document["pageContent"][:30])[1:-1] not in raw
    assert len(lines) <= len(ALL[name].documents)


@pytest.mark.parametrize("name", [name for name in NAMES if ALL[name].tools and ALL[name].whole])
def test_the_tools_are_named_under_the_answer(run: Run, name: str) -> None:
    lines = [line for message in run.played[name].messages for line in message.plain.splitlines()]
    assert any(all(tool in line for tool in ALL[name].tools) for line in lines)


def interrupted(name: str) -> list[tuple[str, str]]:
    """The text before and after each tool call that came in the middle of an answer."""
    found: list[tuple[str, str]] = []
    before, call = "", False
    for frame in ALL[name].frames:
        match frame:
            case {"event": "token", "data": str(text)} if text.strip():
                if call and before:
                    found.append((before, text))
                before, call = text, False
            case {"event": "calledTools", "data": [_, *_]} | {"event": "agent_trace"}:
                call = True
    return found


@pytest.mark.parametrize("name", [name for name in NAMES if interrupted(name)])
def test_a_tool_call_begins_a_new_paragraph(run: Run, name: str) -> None:
    for before, after in interrupted(name):
        assert re.search(rf"{re.escape(before.strip())}\s*\n\s*{re.escape(after.strip())}", run.played[name].body)


def test_the_recorded_tool_calls_interrupt_an_answer() -> None:
    assert [name for name in NAMES if interrupted(name)]


def test_nothing_broke_and_no_rule_was_broken(run: Run) -> None:
    assert run.complaints == []
    assert run.slack.violations == []
    assert run.slack.pings == []
    assert run.slack.previews == []
    assert run.collisions == 0
