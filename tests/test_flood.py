"""A Flowise that sends as fast as it can: no step of the event loop gets long, and every hold is renewed meanwhile."""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from uuid import uuid4

import pytest

from bot.conversation.question import Question
from bot.flowise.client import Client, Limits, new_session
from bot.flowise.json_text import read_json
from bot.mailbox.durations import Durations
from bot.mailbox.lease import Lease
from bot.records.thread import Hold, Item, Thread
from bot.reply.contract import Place
from bot.slack.calls import Accepted, Call, Posted, PostMessage, Result, SendFile, UpdateMessage, Uploaded
from bot.slack.messages import EarlierMessage, Marked, StandingMessage
from bot.slack.payload import IncomingMessage
from bot.slack.people import Person
from bot.slack.shared_files import SharedFile
from bot.slack.text.blocks import shown
from bot.slack.token_state import TokenState
from bot.store.redis import RedisStore
from bot.workspace.workspace import Workspace
from tests.workspace.made import made_workspace

FRAME_LIMIT = 384 * 1024
FLOOD = 25_000
"""Bytes of events in a flood of small ones."""
TRIES = 3
"""The machine may be busy with something else: the best of so many runs counts."""
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: "
STREAM = OK + b"text/event-stream\r\n\r\n"
CHUNKED = OK + b"text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
PACKED = OK + b"text/event-stream\r\nContent-Encoding: gzip\r\n\r\n"
JSON = OK + b"application/json\r\n\r\n"


def event(name: str, data: object) -> bytes:
    return f"data:{json.dumps({'event': name, 'data': data}, separators=(',', ':'))}\n\n".encode()


def many(piece: bytes, size: int = FLOOD) -> bytes:
    return piece * (size // len(piece))


def large(start: str, item: str, end: str, size: int = FRAME_LIMIT - 100) -> str:
    return start + item * ((size - len(start) - len(end)) // len(item)) + end


def frame(name: str, start: str, item: str, end: str, size: int = FRAME_LIMIT - 100) -> bytes:
    return f'data:{large(f"""{{"event":"{name}","data":{start}""", item, end, size)}}}\n\n'.encode()


SMALL = {
    "tokens": many(event("token", "a ")) + many(event("token", "")),
    "tools": many(event("tool", "a")) + b"".join(event("tool", f"t{number}") for number in range(500)),
    "tools between words": many(event("tool", "a") + event("token", "b")),
    "lists": b"".join(
        event("usedTools", [{"tool": f"a{number}"}]) + event("sourceDocuments", [{"metadata": {"title": f"{number}"}}])
        for number in range(300)
    ),
    "errors": many(event("error", "no")) + many(event("action", {"elements": [{"label": "Proceed"}]})),
    "steps": many(event("agentReasoning", []) + event("agent_trace", {"step": "tool_start", "name": "a"}))
    + many(event("hologram", []) + event("metadata", {"chatId": "c"})),
    "comments": many(b": x\n\n") + many(b"\n"),
    "empty data": many(b"data\n\n") + many(b"data\n") + b"\n",
}
LARGE = {
    "tiny documents": frame("sourceDocuments", "[", "{},", "{}]"),
    "documents": frame("sourceDocuments", "[", '{"metadata":{"source":"/a/b","page":1}},', "{}]"),
    "half an emoji in each": frame("sourceDocuments", "[", '{"pageContent":"\\ud83d"},', "{}]"),
    "a long title": frame("sourceDocuments", '[{"metadata":{"title":"', "a ", '"}}]'),
    "a long path": frame("sourceDocuments", '[{"metadata":{"source":"', "/a", '"}}]'),
    "many tools": frame("usedTools", "[", '{"tool":"a"},', "{}]"),
    "numbers for tools": frame("usedTools", "[", "1,", "1]"),
    "an error of many parts": frame("error", "[", "{},", "{}]"),
    "one token": frame("token", '"', "word ", '"', 30_000),
    "the run so far": frame("agentFlowExecutedData", "[", "{},", "{}]", 2 * FRAME_LIMIT),
    "too many sources": frame("sourceDocuments", "[", "{},", "{}]", 2 * FRAME_LIMIT),
    "no JSON": frame("sourceDocuments", "[", "{},", "{}"),
}
LAST = event("token", "The end.") + event("end", "[DONE]")
PLACED = {
    "a byte a chunk": CHUNKED
    + b"".join(b"1\r\n%c\r\n" % byte for byte in many(event("token", "a "), 10_000) + LAST)
    + b"0\r\n\r\n",
    "a stream that unpacks to more": PACKED + gzip.compress(many(b": x\n\n", 50 * FLOOD) + LAST),
    "documents in JSON": JSON + large('{"text":"The end.","sourceDocuments":[', "{},", "{}]}").encode(),
}
LONG = ("a stream that unpacks to more",)
KINDS = {**{kind: STREAM + sent + LAST for kind, sent in (SMALL | LARGE).items()}, **PLACED}


@dataclass
class Steps:
    """The longest step that the event loop has made, in seconds of this thread's processor time."""

    longest: float = 0.0
    what: str = ""


@contextmanager
def measured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    """Watch each step of the loop. The garbage of the other tests is not collected meanwhile."""
    steps, run = Steps(), asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        began = time.thread_time()
        run(handle)
        if (took := time.thread_time() - began) > steps.longest:
            steps.longest, steps.what = took, repr(handle)

    gc.disable()
    with monkeypatch.context() as patch:
        patch.setattr(asyncio.Handle, "_run", timed)
        yield steps
    gc.enable()


def decoding() -> float:
    """What decoding the largest frame costs that is allowed, in the same measure."""
    text = large('{"event":"sourceDocuments","data":[', "{},", "{}]}", FRAME_LIMIT)

    def once() -> float:
        began = time.thread_time()
        read_json(text)
        return time.thread_time() - began

    return sorted(once() for _ in range(3))[1]


class Flowise:
    """Answers a question with the bytes that are set for it, as fast as they are taken."""

    def __init__(self) -> None:
        self.answer = b""
        self.url = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent = JSON + b'{"isStreaming":true}'
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"POST"):
                sent = self.answer
            for start in range(0, len(sent), 16_384):
                writer.write(sent[start : start + 16_384])
                await writer.drain()
        writer.close()


class Slack:
    """Takes every call; remembers what was written."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._ts = count(1)

    async def call(self, call: Call) -> Result:
        if isinstance(call, PostMessage | UpdateMessage):
            self.texts.append(shown(call.blocks))
        if isinstance(call, SendFile):
            return Uploaded(f"F{next(self._ts)}")
        return Posted(f"{next(self._ts)}.5") if isinstance(call, PostMessage) else Accepted()

    async def members(self, group: str) -> frozenset[str]:
        return frozenset()

    async def wrote(self, thread: Thread, user: str) -> bool:
        return False

    async def standing(self, thread: Thread, ts: str) -> StandingMessage | None:
        return None

    async def publish_home(self, user: str, view: Mapping[str, object]) -> Result:
        raise NotImplementedError

    async def suggest(self, channel: str, prompts: Sequence[str]) -> Result:
        raise AssertionError

    async def open_view(self, trigger_id: str, view: Mapping[str, object]) -> Result:
        return Accepted()

    async def replies(
        self, thread: Thread, *, before: str, limit: int, after: str = "", asker: str = ""
    ) -> tuple[EarlierMessage, ...]:
        return ()

    async def marked(self, thread: Thread, reference: str, *, since: str) -> tuple[Marked, ...]:
        return ()

    async def name(self, user: str) -> str:
        return user

    async def file(self, file_id: str) -> SharedFile:
        return SharedFile(file_id, "")

    async def content(self, file: SharedFile) -> bytearray:
        return bytearray()

    async def names(self, text: str, *, asker: str) -> Mapping[str, str]:
        return {}

    async def written(self, thread: Thread, ts: str) -> IncomingMessage | None:
        return None

    async def person(self, user: str) -> Person | None:
        return None

    async def channel_name(self, channel: str) -> str:
        return ""

    async def bot_wrote(self, thread: Thread, *, app: str, bot: str) -> bool:
        return False

    @property
    def admission(self) -> TokenState:
        return TokenState()

    async def come_back(self, pause: Callable[[], Awaitable[None]]) -> None: ...


@pytest.fixture
async def flowise() -> AsyncIterator[Flowise]:
    served = Flowise()
    async with served.serving():
        yield served


@pytest.fixture
async def slack() -> Slack:
    return Slack()


@pytest.fixture
async def workspace(flowise: Flowise, slack: Slack, store: RedisStore) -> AsyncIterator[Workspace]:
    """A workspace in which each question is put to that Flowise."""

    async def answer(workspace: Workspace, lease: Lease) -> None:
        thread, reference = Thread("T1", "C1", lease.item.ts), lease.item.reference
        question = Question(thread, Place("C1", thread.thread_ts, "U2"), lease.item.ts, "why?", reference)
        await workspace.answering.answer(question, lease)

    async with new_session() as session:
        client = Client(session, flowise.url, "flow", None, Limits(frame_bytes=FRAME_LIMIT))
        built = made_workspace(client, slack, store, {"message": answer})
        yield built
        await built.tasks.end()
        await built.governor.stop()


async def answered(workspace: Workspace) -> None:
    """Ask a question in a thread of its own, and wait until it is settled."""
    ts = f"{time.time():.6f}"
    lease = await workspace.mailbox.accept(Item("T1", f"T1:C1:{ts}", uuid4().hex[:8], ts, "message", "{}"))
    assert lease is not None
    workspace.begin(lease)
    async with asyncio.timeout(20):
        while workspace.tasks.under_way:  # noqa: ASYNC110  # it has no event
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.slow) if kind in LONG else kind for kind in KINDS]
)
async def test_no_step_of_the_loop_is_long(
    kind: str, workspace: Workspace, flowise: Flowise, slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    flowise.answer = KINDS[kind]
    ratios = []
    for _ in range(TRIES):
        with measured(monkeypatch) as steps:
            await answered(workspace)
        ratios.append(steps.longest / decoding())
        if ratios[-1] <= 1.5:
            break
    assert min(ratios) <= 1.5, steps.what
    assert ("Reference for support" if "error" in kind else "The end.") in "".join(slack.texts)


async def test_a_hold_is_renewed_while_words_come_as_fast_as_they_can(
    workspace: Workspace, flowise: Flowise, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed = 0
    stand_all = workspace.store.mailboxes.stand_all

    async def counted(holds: Sequence[Hold], lease: float) -> list[int | None]:
        nonlocal renewed
        renewed += 1
        return await stand_all(holds, lease)

    monkeypatch.setattr(workspace.store.mailboxes, "stand_all", counted)
    workspace.mailbox.durations = Durations(renewal=0.005)
    flowise.answer = STREAM + many(event("tool", "calculator"), 200_000) + LAST
    await answered(workspace)
    # What is read together comes in three parts at least, each taken apart in steps.
    assert renewed >= 10
