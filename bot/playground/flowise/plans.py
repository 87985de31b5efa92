"""Defines what a run does from its first frame to its end, as values: steps with their waits, and how it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from bot.playground.flowise.model import Turn, tokens
from bot.playground.flowise.wire import END, WireReply, failure, frame, json_reply, prediction_error

Json = Mapping[str, object]

MEMORY = "Buffer Memory"


class Ending(Enum):
    """What happens to the connection after the last step."""

    CLOSED = "closed"
    """The response ends as HTTP wants it."""
    CUT = "cut"
    """The connection is broken off; the client sees a body that is not whole."""
    OPEN = "open"
    """Nothing more ever comes, and the connection stays."""


@dataclass(frozen=True, slots=True)
class PlanStep:
    """After `wait` seconds (and once `gate` is set) `data` is sent, then the connection is broken off if `cut`.

    While a step that is `deaf` waits, a tool or a sub-flow runs that hears no abort; it is heard with the next one.
    """

    wait: float = 0.0
    data: bytes = b""
    gate: asyncio.Event | None = None
    cut: bool = False
    deaf: bool = False


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What Flowise keeps of a turn that went well: the row of the answer. `is_stored` False: of its question alone.

    `artifacts` and `file_annotations` tell of files, which are `made`, by their names, before anything is said of them.
    """

    text: str
    source_documents: Sequence[Json] | None = None
    used_tools: Sequence[Json] | None = None
    action: Json | None = None
    follow_up_prompts: object = None
    is_stored: bool = True
    artifacts: Sequence[Json] | None = None
    file_annotations: Sequence[Json] | None = None
    made: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Execution:
    """A run of an agent flow that stopped for a decision, or went on after one. `executed` is what ran so far, `passed`
    counts the decisions that were made."""

    id: str
    state: str
    question: str
    executed: tuple[Json, ...]
    passed: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. `closing` is sent after the turn has been stored, as the real server does with `metadata` and `end`.

    `outcome` None means that nothing of the turn is remembered; `execution` is kept for a later decision. `reply` is
    the answer in one piece, for requests without streaming; `forced` sends what there is, a reply or else a stream,
    whatever was asked for. `aborted` is sent when the abort endpoint stops the run; None: it cannot stop it. `silent`
    never sends headers; `head_wait` is seconds before the headers.
    `headers` replaces the stream's own, `heartbeats` False leaves its bytes as they are.
    """

    steps: tuple[PlanStep, ...] = ()
    closing: bytes = b""
    ending: Ending = Ending.CLOSED
    outcome: RunOutcome | None = None
    execution: Execution | None = None
    reply: WireReply | None = None
    forced: bool = False
    aborted: bytes | None = None
    silent: bool = False
    head_wait: float = 0.0
    headers: Mapping[str, str] | None = None
    heartbeats: bool = True


@dataclass(frozen=True, slots=True)
class PredictionRequest:
    """A question as a run sees it, with the ids that its answer will carry.

    `echo` is the question as the request had it: empty where the request had none. `earlier` are the turns before it,
    `pace` is the seconds between two words of the answer. `decision` is the request's `humanInput`, `execution` the
    chat's last one. `seen` are sentences on the files that came along, `stored` the texts that were added to the vector
    store for this chat. `variables` are those of the request, which the flow's JavaScript reads as `$vars`.
    """

    question: str
    chat_id: str
    message_id: str
    execution_id: str
    echo: Json = field(default_factory=dict)
    earlier: Sequence[Turn] = ()
    pace: float = 0.0
    decision: Json | None = None
    execution: Execution | None = None
    seen: Sequence[str] = ()
    stored: Sequence[str] = ()
    variables: Json = field(default_factory=dict)

    def about_files(self, text: str) -> str:
        """An answer, after what its model knows of the files that came with the question."""
        return "\n\n".join((*self.seen, text))

    def say(self, text: str) -> tuple[PlanStep, ...]:
        """The steps that stream a text word by word."""
        return tuple(PlanStep(self.pace, frame("token", token)) for token in tokens(text))

    def ids(self, **more: object) -> dict[str, object]:
        """The data of the `metadata` event."""
        ids = {"chatId": self.chat_id, "chatMessageId": self.message_id}
        return {**ids, **self.echo, "sessionId": self.chat_id, **more}


def after_tokens(outcome: RunOutcome) -> list[bytes]:
    """The frames that are sent between the last token and `metadata`."""
    frames = []
    if outcome.source_documents is not None:
        frames.append(frame("sourceDocuments", outcome.source_documents))
    if outcome.used_tools is not None:
        frames.append(frame("usedTools", outcome.used_tools))
    if outcome.artifacts is not None:
        frames.append(frame("artifacts", outcome.artifacts))
    if outcome.file_annotations is not None:
        frames.append(frame("fileAnnotations", outcome.file_annotations))
    return frames


def one_piece(asked: PredictionRequest, outcome: RunOutcome, ids: Json, **text: object) -> WireReply:
    """The JSON answer; `ids` stand between the ids of the turn and its session. `text` replaces the text."""
    body: dict[str, object] = dict(text) or {"text": outcome.text}
    if outcome.source_documents is not None:
        body["sourceDocuments"] = outcome.source_documents
    if outcome.used_tools is not None:
        body["usedTools"] = outcome.used_tools
    body |= {**asked.echo, "chatId": asked.chat_id, "chatMessageId": asked.message_id, **ids}
    return json_reply(body)


def chat_reply(asked: PredictionRequest, outcome: RunOutcome, **text: object) -> WireReply:
    """The JSON answer of a chatflow."""
    ids = {"isStreamValid": False, "sessionId": asked.chat_id, "memoryType": MEMORY}
    return one_piece(asked, outcome, ids, **text)


def chat_closing(asked: PredictionRequest, over: Json | None = None) -> bytes:
    """`metadata`, with the keys of `over` over ours, and `end`."""
    return frame("metadata", asked.ids(memoryType=MEMORY) | dict(over or {})) + END


def failed(steps: tuple[PlanStep, ...], reason: str, head_wait: float = 0.0) -> Plan:
    """A run that ends with an error: no `metadata`, nothing remembered; 500 JSON without streaming."""
    text = prediction_error(reason)
    return Plan(steps, closing=frame("error", text) + END, reply=failure(500, text), head_wait=head_wait)
