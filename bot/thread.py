"""Knows what everything is keyed by: the Slack thread, its Flowise chat, and what is under way there."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(r"(?P<team>\w+):(?:(?P<dm>D\w+)|(?P<channel>\w+):(?P<ts>\d+\.\d+))", re.ASCII)


@dataclass(frozen=True, slots=True)
class Thread:
    """One Slack thread, or, with an empty `thread_ts`, the part of a direct message that is outside threads.

    `team` and `channel` are Slack ids, `thread_ts` is the `ts` of the thread's first message: an opaque string.
    """

    team: str
    channel: str
    thread_ts: str

    @property
    def line(self) -> str:
        """The line in which questions wait for one another.

        Usually the thread. All of a direct message is one line, because a thread there goes on with the chatId of
        the message it was opened under, and Flowise mixes two requests on one chatId.
        """
        return self.line_of_channel if self.channel.startswith("D") else f"{self.line_of_channel}:{self.thread_ts}"

    @property
    def line_of_channel(self) -> str:
        return f"{self.team}:{self.channel}"

    def __str__(self) -> str:
        return f"{self.team}:{self.channel}:{self.thread_ts}"

    @classmethod
    def of_line(cls, line: str) -> Thread | None:
        """The thread of a line; of a direct message the part outside threads; None where the line names no thread."""
        named = _LINE.fullmatch(line)
        return cls(named["team"], named["dm"] or named["channel"], named["ts"] or "") if named else None


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is kept of a thread: the Flowise chat it stands for.

    `chat_id` is empty right after the thread was started over: the next question brings a new one. `generation` counts
    how often that was done. `answered`: a question has been answered in it.
    `created_at` and `used_at` are seconds since the epoch.
    """

    chat_id: str
    chatflow_id: str
    generation: int
    created_at: float
    used_at: float
    quiet: bool = False
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Expected:
    """The turn that a run will have stored in Flowise, by which its answer is told from all others on its chat.

    `after` is the id of the newest row that was stored before it, empty where there was none. `question` is what its
    user row says; None: whatever, for a decision that is given in Flowise itself may have any words, or none.
    """

    question: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Run:
    """A prediction that was started on a chatId and has not been seen to end.

    `since` and `left_at` are seconds since the epoch: when it was started, and when we stopped listening (0: not
    known, the process was killed). Both are of the clock of the process that wrote them. `agentflow` says that
    Flowise's abort endpoint can stop it; `awaits_decision` that the flow has stopped by itself and waits for a person's
    decision. `question` is the text of the prediction; `after` is the newest row that was stored on the chat before it,
    or, with `awaits_decision`, the row of its stop; None: not known.
    """

    since: float
    left_at: float = 0.0
    agentflow: bool = False
    awaits_decision: bool = False
    question: str = ""
    after: str | None = None

    @property
    def expected(self) -> Expected | None:
        """What shows that it is over; None: nothing would."""
        if self.after is None:
            return None
        return Expected(None if self.awaits_decision else self.question, self.after)


@dataclass(frozen=True, slots=True)
class Item:
    """A question as it was taken in: kept in the store until it is settled, so that any replica can go on with it.

    `line` is where it waits (see `Thread.line`), `ts` orders it there. `reference` names it in the log and in Slack; it
    is made from what Slack calls the message, so that all who hear of it name it alike. `surface` says which surface
    it came through, `heard` is what that surface has heard, as JSON of its own.
    """

    team: str
    line: str
    reference: str
    ts: str
    surface: str
    heard: str


@dataclass(frozen=True, slots=True)
class OpenAnswer:
    """What is known of an answer that is being written, so that another replica can bring it to its end.

    `messages` are the `ts` of what stands in Slack, in order, and `stream` that of one which is begun as a native
    stream and not ended. `chat_id`, `asked_at` (epoch seconds; 0: not yet), `question`, the text of the prediction, and
    `after`, as in `Run`, are noted directly before Flowise is asked. `journal` is what has come of the answer so far,
    as `bot.reply.journal` writes it, and `whole` says that this is all.
    """

    chat_id: str = ""
    asked_at: float = 0.0
    messages: tuple[str, ...] = ()
    stream: str = ""
    journal: str = ""
    whole: bool = False
    question: str = ""
    after: str | None = None

    @property
    def expected(self) -> Expected | None:
        """What its answer is found by in Flowise; None: it cannot be found."""
        return None if self.after is None else Expected(self.question, self.after)


@dataclass(frozen=True, slots=True)
class Hold:
    """Who works on an item: a process by its name, and how often the item was taken: the fencing token.

    Whoever holds an item with a lower `epoch` than another one has lost it.
    """

    item: Item
    process: str
    epoch: int = 1

    @property
    def token(self) -> str:
        return f"{self.process}:{self.epoch}"


@dataclass(frozen=True, slots=True)
class UnansweredQuestion:
    """A question that was not answered to its end, kept for the one who wants to ask it again, with its messages."""

    item: Item
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a question has come that somebody has taken in: `settled` says that it has its last word, `messages` are
    the `ts` of what is noted to stand of its answer; none are noted any more once it is settled."""

    settled: bool
    messages: tuple[str, ...] = ()


def seconds(ts: str) -> float:
    """A `ts` as epoch seconds, for comparing times; 0 where it is none. As a name it stays the text that it is."""
    try:
        return float(ts)
    except ValueError:
        return 0.0
