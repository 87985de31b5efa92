"""Defines what is stored: threads and their chats, questions and their holders, answers and runs under way."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum

from bot.records.sent_file import SentFile

STORED = "stored"
"""What is noted of a file that was added to a chat's vector store, in place of who began to add it."""

_LINE = re.compile(r"(?P<team>\w+):(?P<channel>D\w+|\w+(?=:))(?::(?P<ts>\d+\.\d+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Thread:
    """One Slack thread, or, with an empty `thread_ts`, the part of a direct message that is outside threads.

    `team` and `channel` are Slack ids, `thread_ts` is the `ts` of the thread's first message: an opaque string.
    `is_session`: it is a thread of a direct message with an agent, and a conversation of its own.
    """

    team: str
    channel: str
    thread_ts: str
    is_session: bool = False

    @property
    def line(self) -> str:
        """The name of the line in which questions wait for one another.

        Usually a line is a thread. All of a direct message is one line, because a thread there continues the chatId of
        the message it was opened under, and Flowise mixes two requests on one chatId. An agent's thread continues none.
        """
        return self.line_of_channel if self.is_flat_direct else f"{self.line_of_channel}:{self.thread_ts}"

    @property
    def is_flat_direct(self) -> bool:
        """Whether it is a part of a direct message whose parts are one conversation, or two that may meet."""
        return self.channel.startswith("D") and not self.is_session

    @property
    def line_of_channel(self) -> str:
        return f"{self.team}:{self.channel}"

    def __str__(self) -> str:
        return f"{self.team}:{self.channel}:{self.thread_ts}"

    @classmethod
    def of_line(cls, line: str) -> Thread | None:
        """The thread of a line (in a direct message, the part outside threads); None if the line names no thread."""
        named = _LINE.fullmatch(line)
        if named is None:
            return None
        channel, ts = named["channel"], named["ts"] or ""
        return cls(named["team"], channel, ts, is_session=bool(ts) and channel.startswith("D"))


@dataclass(frozen=True, slots=True)
class NotedFlow:
    """A flow as it is noted with a chat: its name in the configuration file, empty without one, and its chatflow."""

    name: str
    chatflow_id: str

    def has_chat_of(self, other: NotedFlow) -> bool:
        """Whether a chat of another flow can be gone on with: it is the same, if perhaps of before there were names."""
        return self.chatflow_id == other.chatflow_id and (not self.name or not other.name or self.name == other.name)


@dataclass(frozen=True, slots=True)
class MessageChat:
    """The chat that a message of a direct message belongs to."""

    chat_id: str
    flow: NotedFlow


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is stored of a thread: its Flowise chat.

    `chat_id` is empty right after the thread was started over: the next question gets a new one. `generation` counts
    how often that was done. `quiet`: the bot was asked to keep out. `answered`: a question was answered in it, the last
    time on the chat `answered_chat` (empty: unknown, for an older version has noted it). `context_since` is the `ts` of
    the last such question, or of the message that started the thread over, empty where there is none: what was said up
    to it is not sent along any more. `left_out` are the `ts` of messages after it that are not sent along either:
    questions that were stopped, and what had come of their answers. `asks`: the last answer ended with a question.
    `files` names those that came with the last question and that its flow has forgotten since, in words. `created_at`
    and `used_at` are epoch seconds. `flow` is the name of its flow, empty where there are none.
    """

    chat_id: str
    chatflow_id: str
    generation: int
    created_at: float
    used_at: float
    quiet: bool = False
    answered: bool = False
    context_since: str = ""
    answered_chat: str = ""
    asks: bool = False
    left_out: tuple[str, ...] = ()
    files: str = ""
    flow: str = ""

    @property
    def noted_flow(self) -> NotedFlow | None:
        """Its flow; None where it has none yet, or was started over."""
        return NotedFlow(self.flow, self.chatflow_id) if self.flow or self.chat_id else None

    @property
    def remembers(self) -> bool:
        """Whether its present chat may hold an answered turn, which a new chat would not remember."""
        return self.answered and self.answered_chat in ("", self.chat_id)


@dataclass(frozen=True, slots=True)
class Expected:
    """How to recognise the turn that a run stores in Flowise among all others on its chat.

    `after` is the id of the newest row that was stored before it, empty if there was none. `question` is the text of
    its user row; None: any text, because that of a decision may be any, or none, and a voice clip has that of its
    transcript.
    """

    question: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Run:
    """A prediction that was started on a chatId and was not seen to end.

    `since` and `left_at` are epoch seconds: when it was started, and when its stream was left (0: unknown, because the
    process was killed), by the clock of the process that wrote them. `agentflow`: Flowise's abort endpoint can stop it.
    `awaits_decision`: the flow has paused for a person's decision, whose reference is `decision` where it can be made
    in Slack. `resumes`: one was made, and the run goes on with it. `unseen`: a person has stopped its answer, and a
    process reads on until it ends, and deletes the note then; `renewed` grows while it does. `question` is the text of
    the prediction; `after` is the newest row that was stored on the chat before it or, if `awaits_decision`, that of
    its pause; None: unknown. `spoken`: the question was a voice clip, of which Flowise stores its own transcript.
    """

    since: float
    left_at: float = 0.0
    agentflow: bool = False
    awaits_decision: bool = False
    question: str = ""
    after: str | None = None
    decision: str = ""
    resumes: bool = False
    unseen: bool = False
    spoken: bool = False
    renewed: int = 0

    @property
    def expected(self) -> Expected | None:
        """The turn whose storing shows that it is over; None: nothing would."""
        if self.after is None:
            return None
        return Expected(None if self.awaits_decision or self.resumes or self.spoken else self.question, self.after)


@dataclass(frozen=True, slots=True)
class Item:
    """A question as it was accepted: stored until it is settled, so that any replica can continue it.

    `line` is where it waits (see `Thread.line`), `ts` orders it there. `reference` names it in the log and in Slack; it
    is derived from Slack's own ids, so that all replicas name it alike. `surface` says which surface it came through,
    `heard` is what that surface received, as JSON of its own.
    """

    team: str
    line: str
    reference: str
    ts: str
    surface: str
    heard: str


@dataclass(frozen=True, slots=True)
class OpenAnswer:
    """What is known of an answer that is being written, so that another replica can finish it.

    `messages` are the `ts` of its messages in Slack, in order, and `stream` that of a native stream that has not ended.
    `chat_id`, `asked_at` (epoch seconds; 0: not yet), `question`, the text of the prediction, and `after`, as in `Run`,
    are noted directly before Flowise is asked. `journal` is what has arrived of the answer so far, as
    `bot.reply.journal` writes it, and `whole` says that it is complete. `again`: the question was asked before, and its
    asker has pressed the button. `is_first`: no question of its thread was answered before. `resumes` and `spoken` are
    as in `Run`. `stopped` is the value of the `StopOutcome` that its last line tells, empty where it was not stopped.
    `flow` is the name of the flow that was asked, empty where there are none.
    `files` are those of its files that were sent to Slack.
    """

    chat_id: str = ""
    asked_at: float = 0.0
    messages: tuple[str, ...] = ()
    stream: str = ""
    journal: str = ""
    whole: bool = False
    question: str = ""
    after: str | None = None
    again: bool = False
    is_first: bool = False
    resumes: bool = False
    stopped: str = ""
    spoken: bool = False
    flow: str = ""
    files: tuple[SentFile, ...] = ()

    @property
    def expected(self) -> Expected | None:
        """How to recognise its answer in Flowise; None: it cannot be recognised."""
        any_text = self.resumes or self.spoken
        return None if self.after is None else Expected(None if any_text else self.question, self.after)


class StopOutcome(Enum):
    """What became of a question that was stopped, as far as it was known when its answer ended in Slack."""

    NOT_ASKED = "not asked"
    """Flowise was not asked, and never will be."""
    FORGOTTEN = "forgotten"
    """The run has ended without an answer: Flowise remembers nothing of it."""
    FINISHED = "finished"
    """The run ended well all the same, unseen: Flowise remembers the whole answer."""
    GOES_ON = "goes on"
    """The run goes on unseen."""
    UNKNOWN = "unknown"
    """The run was left: nothing says whether it goes on."""


@dataclass(frozen=True, slots=True)
class StopRequest:
    """A person no longer wants an answer. `by` is a user id, empty where Slack does not tell; `at` is epoch seconds.

    `deleted`: the person has deleted the question.
    """

    by: str = ""
    at: float = 0.0
    deleted: bool = False


class StopResult(Enum):
    """What came of a request to stop a question."""

    NOTED = "noted"
    ALREADY = "already"
    """It was stopped before."""
    GONE = "gone"
    """Its answer has ended, or there is no such question."""


@dataclass(frozen=True, slots=True)
class StoppedQuestion:
    """A question that was stopped of late, by its line and its reference."""

    line: str
    reference: str
    request: StopRequest


@dataclass(frozen=True, slots=True)
class Hold:
    """Who works on an item: a process, by name. `epoch` counts how often the item was taken; with it, a hold has a
    fencing token.

    A process whose hold has a lower `epoch` than another's has lost the item.
    """

    item: Item
    process: str
    epoch: int = 1

    @property
    def token(self) -> str:
        return f"{self.process}:{self.epoch}"


@dataclass(frozen=True, slots=True)
class UnansweredQuestion:
    """A question whose answer is incomplete, kept so that it can be asked again. `messages` are those in which the next
    answer is to stand; where words of this one stand, there are none."""

    item: Item
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewestAnswer:
    """The newest whole answer of a thread: the question that it answers, and the `context_since` of its thread when
    that was asked."""

    item: Item
    since: str = ""


@dataclass(frozen=True, slots=True)
class QuestionProgress:
    """How far an accepted question has come: `settled` says that its answer has ended; `messages` are the `ts` of the
    messages noted for its answer, of which none remain once it is settled."""

    settled: bool
    messages: tuple[str, ...] = ()


GOOD = "good"
BAD = "bad"
"""What the two buttons of a rating say."""


def button_value(item: Item) -> str:
    """What a button under the answer to a question sends when it is pressed: which question that is, and no secret."""
    return value_of(item.line, item.reference)


def value_of(line: str, reference: str, said: str = "") -> str:
    """What a button sends when it is pressed: the line and the reference of a question and, of a rating, what was
    `said` of its answer."""
    return json.dumps([line, reference, said] if said else [line, reference])


def question_of(value: str) -> tuple[str, str]:
    """The line and the reference of the question that a button is about; empty where its value tells none."""
    try:
        match json.loads(value):
            case [str(line), str(reference), *_]:
                return line, reference
    except ValueError:
        pass
    return "", ""


def said_of(value: str) -> str:
    """What the button of a rating says; empty where its value tells nothing."""
    try:
        match json.loads(value):
            case [str(), str(), str(said)]:
                return said
    except ValueError:
        pass
    return ""


def seconds(ts: str) -> float:
    """A `ts` as epoch seconds, for comparing times; 0 if it is not one. As a name, a `ts` stays a string."""
    try:
        return float(ts)
    except ValueError:
        return 0.0
