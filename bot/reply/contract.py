"""Defines the contract between a reply and the delivery loop: the events of an answer, and the methods of `Reply`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from bot.errors import BotError
from bot.flowise.events import ShownEvent, StepEvent, ToolCall, WordsWhole
from bot.pacing.permits import Want
from bot.records.thread import StopOutcome
from bot.slack.calls import Call, Result

LONGEST = 200_000
"""The most characters of an answer's text that are shown. Nobody reads more than some twenty messages, and a flow that
never stops must not fill a channel, or our memory."""

MOST_BREAKS = 1_000
"""How often tool calls begin a new paragraph of an answer. A flow that calls more tools goes on in the last one."""


@dataclass(frozen=True, slots=True)
class Queued:
    """`before` other questions come first: in the same thread or, with `busy`, of all that this process answers, or,
    with `own`, of the same asker."""

    before: int = 1
    busy: bool = False
    own: bool = False


@dataclass(frozen=True, slots=True)
class OverLimit:
    """As much was asked of late as may be: the question waits until one more may be asked."""


@dataclass(frozen=True, slots=True)
class WaitingForRun:
    """An earlier run may still be going on in Flowise; the question waits for its end. `stopped`: a person has stopped
    its answer."""

    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Thinking:
    """The question's turn has come: Flowise is being asked."""


@dataclass(frozen=True, slots=True)
class FetchingRest:
    """The connection to Flowise broke off, and the rest of the answer is looked for among what it has stored.

    With `quietly`, what may stand in Slack of the answer is not known and stays as it is: only the status line says so.
    """

    quietly: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """What was understood of a question that was spoken. It is known at the end, and stands above the answer."""

    transcript: str


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark of ours that is shown under the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Footnote:
    """The small line of ours that stands last under a complete answer. Twice is once."""

    text: str


@dataclass(frozen=True, slots=True)
class PassagesOffered:
    """The passages that the answer has used can be shown. The button under its sources sends `value`. Twice is once."""

    value: str


@dataclass(frozen=True, slots=True)
class DecisionOffered:
    """The flow waits for a decision, which can be made by two buttons under the answer.

    `approve` and `reject` are the flow's own labels, `tools` are to be allowed, and `sentence`, which is ours, says who
    may decide. `value` is what a press sends; empty where nobody could press a button, so that none is shown.
    """

    approve: str
    reject: str
    value: str
    sentence: str
    tools: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerButtons:
    """What stands under a whole answer to be pressed: `suggestions`, questions that each button asks, by their labels;
    with `rates`, two buttons for a rating; with `regenerates`, one that asks the answer's question anew. A press names
    the question by its `line` and its `reference`. With `form` it is one button, which opens the form that the flow
    begins with."""

    line: str
    reference: str
    suggestions: tuple[str, ...] = ()
    rates: bool = False
    regenerates: bool = False
    form: bool = False


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of ours that is the answer: Flowise was not asked."""

    text: str


@dataclass(frozen=True, slots=True)
class ParagraphBreak:
    """The next text begins a new paragraph. Passed from a reply that gave up to the one that goes on."""


@dataclass(frozen=True, slots=True)
class TextComplete:
    """All text has come, and the end follows when its stored text was looked at. A write before it would be wasted."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is complete. The last event."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The answer will not be completed. The last event. `reference` stands in the log line too.

    With `again`, a button offers to ask the question again; it is the value that the button sends. `follows`: earlier
    questions of the thread were answered.
    """

    error: BotError
    reference: str
    again: str = ""
    follows: bool = False


@dataclass(frozen=True, slots=True)
class Stopping:
    """A person has stopped the answer: nothing more is shown of it until it ends, in a moment."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """A person has stopped the answer. The last event. `silently`: where nothing stands yet, nothing is said."""

    outcome: StopOutcome
    silently: bool = False


@dataclass(frozen=True, slots=True)
class StoredText:
    """The text that Flowise has stored of the answer: it takes the place of all text before.

    A long text comes in pieces, of which the first one `begins` it. Only the end of the answer comes after the last,
    and nothing of it is shown before: whoever reads along sees the text change once.
    """

    text: str
    begins: bool = True


KeptEvent: TypeAlias = (
    ShownEvent | DecisionOffered | PassagesOffered | AnswerButtons | Heard | Remark | Footnote | Sentence
)
"""What an answer says. The journal keeps it, so that another process can show the same."""

Ending: TypeAlias = Finished | Failed | Stopped
"""The last event of an answer."""

WaitingEvent: TypeAlias = Queued | OverLimit | WaitingForRun
"""What a question waits for."""

ProgressEvent: TypeAlias = (
    WaitingEvent | Thinking | FetchingRest | ParagraphBreak | WordsWhole | TextComplete | Stopping | Ending
)
"""How an answer proceeds and ends. Each process that writes the answer produces these events anew."""

ReplyEvent: TypeAlias = KeptEvent | StepEvent | ProgressEvent
"""An event of an answer as it comes: its text is what the model has sent."""

TurnEvent: TypeAlias = ReplyEvent | StoredText
"""What a turn yields: the events of its answer, and last the text that replaces the one before."""


@dataclass(frozen=True, slots=True)
class BeganAnew:
    """The text before is no part of the answer: it was the model's reasoning or, where another text `is_stored`, what
    was said on the way."""

    is_stored: bool = False


ArrivedEvent: TypeAlias = ReplyEvent | BeganAnew
"""An event of an answer as it is kept and shown: its text is Markdown, as `bot/reply/arriving.py` makes it. A piece of
text may be empty: something has come, and it is not known yet what it is."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer is written.

    `thread_ts` None is outside threads, in a direct message. `user` is who asked, `team` that person's workspace, empty
    where it is not known. `since` is the `ts` of the message that asked, as Slack has given it; its answer is later.
    With a `response_url` the bot may not post there and answers the asker alone, through that URL.
    """

    channel: str
    thread_ts: str | None
    user: str
    response_url: str = ""
    team: str = ""
    since: str = ""


class Reply(Protocol):
    """One answer on its way to Slack. Does no I/O and reads no clock; `now` is in seconds on one monotonic clock.

    At most one call is under way. When a call from `next_call` was made, `answered` is called with its result. A call
    that was not made is forgotten: the next one shows more.
    """

    def receive(self, event: ArrivedEvent, now: float) -> None:
        """Take an event of the answer."""
        ...

    def next_call(self, now: float) -> Call | None:
        """The call to make now, if any."""
        ...

    def want(self, now: float) -> Want:
        """What the last call from `next_call` is worth now; its method is empty if it needs no permit."""
        ...

    def answered(self, call: Call, result: Result, now: float) -> None:
        """Note the result of that call."""
        ...

    def wake_at(self, now: float) -> float | None:
        """When `next_call` may return a call without a new event; None: not before one. It returns `now` if it has more
        to do than it does at once, so that others have their turn."""
        ...

    @property
    def done(self) -> bool:
        """Whether no more calls will be made."""
        ...

    @property
    def given_up(self) -> str:
        """Why the answer could not be delivered, for the log; empty when it could."""
        ...
