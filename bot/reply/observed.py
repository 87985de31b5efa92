"""Observes an answer from outside for metrics and traces: its waits, its first text, its end.

An `ObservedReply` wraps any reply. It is given each event and each call with its time, so that the workspace and the
delivery loop need to know nothing of metrics or traces, and no clock is read here.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol, assert_never

from bot.errors import BotError, Interrupted
from bot.flowise.events import Token, WordsWhole
from bot.pacing.permits import Want
from bot.records.thread import Thread
from bot.reply.contract import (
    LONGEST,
    ArrivedEvent,
    BeganAnew,
    Ending,
    Failed,
    FetchingRest,
    Finished,
    OverLimit,
    ParagraphBreak,
    ProgressEvent,
    Queued,
    Reply,
    Stopped,
    Stopping,
    TextComplete,
    Thinking,
    WaitingForRun,
)
from bot.slack.calls import (
    Accepted,
    AppendStream,
    Call,
    Lost,
    Posted,
    PostMessage,
    Respond,
    Result,
    StartStream,
    StopStream,
    UpdateMessage,
)

_SHOWS: Final = (PostMessage, UpdateMessage, StartStream, AppendStream, StopStream, Respond)
"""The calls that bring text to Slack."""


class Outcome(Enum):
    """How an answer ended."""

    FINISHED = "finished"
    FAILED = "failed"
    """It ended with an error message."""
    INTERRUPTED = "interrupted"
    """The bot was stopped before it was complete."""
    STOPPED = "stopped"
    """A person has stopped it."""
    NOT_DELIVERED = "not_delivered"
    """Slack refused a call that the answer needs."""
    TAKEN_OVER = "taken_over"
    """Another replica goes on with it, and this one did not end it."""


class Waiting(Enum):
    """What a question waits for before Flowise is asked."""

    TURN = "turn"
    """Other questions come first."""
    EARLIER_RUN = "earlier_run"
    """A run that broke off may still be going on."""


class Repair(Enum):
    """What became of a message after Slack's reply to its call was lost."""

    FOUND = "found"
    """It stood in Slack already."""
    WRITTEN_AGAIN = "written_again"


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """Which question an answer is to. `age` is how many seconds ago it was asked, by Slack's `ts`.

    `asker` is the user id of whoever has asked. `tokens` tells what models have read and written for it so far.
    """

    thread: Thread
    reference: str
    age: float
    asker: str = ""
    tokens: Callable[[], int] = field(default=lambda: 0, compare=False, repr=False)


class Observer(Protocol):
    """Receives what happens to one answer. No method may wait or raise; times are in seconds of one monotonic clock."""

    def waiting(self, why: Waiting) -> None: ...

    def waited(self, why: Waiting, seconds: float) -> None: ...

    def first_token(self) -> None:
        """Flowise has sent the first piece of text."""
        ...

    def first_shown(self, seconds: float) -> None:
        """Slack has accepted the first text, so many `seconds` after the question was asked."""
        ...

    def shown(self, arrived: Sequence[float], now: float) -> None:
        """Slack has accepted pieces of text, which came from Flowise at the times in `arrived`, oldest first."""
        ...

    def repaired(self, how: Repair) -> None: ...

    def ended(self, outcome: Outcome, error: BotError | None) -> None: ...


class Observers(Protocol):
    """Creates an observer for each answer."""

    def answer(self, asked: AnswerContext) -> Observer:
        """An answer begins."""
        ...

    def took_over(self) -> None:
        """We go on with an answer that another replica has left open."""
        ...


class Answers:
    """Gives each answer its observers; there may be none."""

    def __init__(self, observers: Sequence[Observers] = ()) -> None:
        self._observers = tuple(observers)

    def observed(self, reply: Reply, asked: AnswerContext) -> ObservedReply:
        """The reply, seen by all observers until its `close`."""
        return ObservedReply(reply, asked.age, tuple(one.answer(asked) for one in self._observers))

    def took_over(self) -> None:
        for one in self._observers:
            one.took_over()


class ObservedReply:
    """A reply and its observers. `age` is how many seconds ago the question was asked when the reply begins."""

    def __init__(self, reply: Reply, age: float, observers: tuple[Observer, ...]) -> None:
        self._reply = reply
        self._age = age
        self._observers = observers
        self._began: float | None = None
        self._seen = 0.0
        self._waits: tuple[Waiting, float] | None = None
        # Eight bytes for each token that waits; a list of floats takes four times as much.
        self._arrived = array("d")
        self._length = 0
        self._offered = 0
        self._heard_token = False
        self._has_shown = False
        self._unsure = False
        self._taken_over = False
        self._last: Ending | None = None

    # The reply's contract -------------------------------------------------------------------------------------------

    def receive(self, event: ArrivedEvent, now: float) -> None:
        self._reply.receive(event, now)
        self._no_longer_waits(now)
        if isinstance(event, Token):
            self._length += len(event.text)
            self._text_came(now)
        elif isinstance(event, BeganAnew):
            self._length = 0
        elif isinstance(event, ProgressEvent):
            self._proceeds(event, now)

    def next_call(self, now: float) -> Call | None:
        if self._began is None:
            self._began = now
        self._seen = now
        # What has come by now is in the call that is given now, but for a few letters of half-open Markdown.
        self._offered = len(self._arrived)
        return self._reply.next_call(now)

    def want(self, now: float) -> Want:
        return self._reply.want(now)

    def answered(self, call: Call, result: Result, now: float) -> None:
        self._reply.answered(call, result, now)
        if isinstance(call, _SHOWS):
            match result:
                case Posted() | Accepted():
                    self._repaired(result)
                    self._shown(now)
                case Lost():
                    self._unsure = True

    def wake_at(self, now: float) -> float | None:
        return self._reply.wake_at(now)

    @property
    def done(self) -> bool:
        return self._reply.done

    @property
    def given_up(self) -> str:
        return self._reply.given_up

    # For the observers ------------------------------------------------------------------------------------------------

    def taken_over(self) -> None:
        """Another replica goes on with this answer: it does not end here."""
        self._taken_over = True

    def close(self) -> None:
        """The answer has ended, in one way or another."""
        self._no_longer_waits(self._seen)
        outcome, error = self._outcome()
        for one in self._observers:
            one.ended(outcome, error)

    def _outcome(self) -> tuple[Outcome, BotError | None]:
        if self._taken_over:
            return Outcome.TAKEN_OVER, None
        if self._reply.given_up:
            return Outcome.NOT_DELIVERED, None
        return _outcome_of(self._last, is_done=self._reply.done)

    def _text_came(self, now: float) -> None:
        if self._length <= LONGEST:  # no call shows what comes after that
            self._arrived.append(now)
        if not self._heard_token:
            self._heard_token = True
            for one in self._observers:
                one.first_token()

    def _proceeds(self, event: ProgressEvent, now: float) -> None:
        match event:
            case Queued() | OverLimit():
                self._begins_to_wait(Waiting.TURN, now)
            case WaitingForRun():
                self._begins_to_wait(Waiting.EARLIER_RUN, now)
            case Finished() | Failed() | Stopped():
                self._last = event
            case Thinking() | FetchingRest() | ParagraphBreak() | WordsWhole() | TextComplete() | Stopping():
                pass
            case _:
                assert_never(event)

    def _begins_to_wait(self, why: Waiting, now: float) -> None:
        self._waits = (why, now)
        for one in self._observers:
            one.waiting(why)

    def _no_longer_waits(self, now: float) -> None:
        if self._waits is not None:
            why, since = self._waits
            self._waits = None
            for one in self._observers:
                one.waited(why, now - since)

    def _shown(self, now: float) -> None:
        shown, self._arrived = self._arrived[: self._offered], self._arrived[self._offered :]
        self._offered = 0
        if not shown:
            return
        for one in self._observers:
            if not self._has_shown and self._began is not None:
                one.first_shown(self._age + now - self._began)
            one.shown(shown, now)
        self._has_shown = True

    def _repaired(self, result: Posted | Accepted) -> None:
        found = isinstance(result, Posted) and result.found
        if found or self._unsure:
            for one in self._observers:
                one.repaired(Repair.FOUND if found else Repair.WRITTEN_AGAIN)
        self._unsure = False


def _outcome_of(last: Ending | None, *, is_done: bool) -> tuple[Outcome, BotError | None]:
    """How an answer ended, by its last event."""
    match last:
        case Failed(error=Interrupted()):
            return Outcome.INTERRUPTED, None
        case Failed(error=error):
            return Outcome.FAILED, error
        case Stopped():
            return Outcome.STOPPED, None
        case Finished() if is_done:
            return Outcome.FINISHED, None
    return Outcome.FAILED, BotError("internal error")  # the delivery loop failed: a mistake of ours
