"""Defines what is recorded in a chaos run: who asked, what stands in Slack, what Flowise was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.chaos.plan import Surface
from benchmarks.chaos.routes import Routes


@dataclass(frozen=True, slots=True)
class Tried:
    """Slack's delivery of a question to the app: when it was begun, and when it ended, acknowledged or not."""

    at: float
    done_at: float
    acked: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A question. `place` is the line in which it waits: a thread, or all of a direct message. `at` orders the
    questions of a place. `is_command`: it was not written in the place, but opens it; `told` is what a command was
    answered in its acknowledgement."""

    token: str
    place: str
    surface: Surface
    at: float
    tries: Sequence[Tried]
    last: bool = False
    told: str = ""
    is_command: bool = False

    @property
    def accepted_at(self) -> float | None:
        """When Slack was told that the question has been taken; None: it never was."""
        return next((tried.done_at for tried in self.tries if tried.acked), None)

    @property
    def was_put_off(self) -> bool:
        """It could not be taken at first. The person may have been told so, in the message that becomes the answer."""
        return bool(self.tries) and not self.tries[0].acked

    @property
    def first_try(self) -> float:
        return self.tries[0].at if self.tries else self.at


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot as it stands at the end: when it was posted and when it was last changed.

    `reference` is the turn's, as far as the message tells. `opens` is the message that shows who asked what by
    command, `private` one that only the asker sees.
    """

    place: str
    ts: str
    at: float
    changed_at: float
    text: str
    reference: str = ""
    opens: bool = False
    private: bool = False


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press of the button that stops an answer: to which question, when it was acknowledged, and what the person was
    told in private since. `sent` is how many words Flowise can have sent by the time at which the process that writes
    the answer has heard of it, `shown` how many stand at the end."""

    token: str
    acked: bool
    told: Sequence[str]
    sent: float
    shown: int


@dataclass(frozen=True, slots=True)
class Rated:
    """The ratings of an answer: the last press, whether each was acknowledged and nothing was told in private since,
    and what Flowise has."""

    token: str
    good: bool
    is_sure: bool
    rows: Sequence[str]


@dataclass(frozen=True, slots=True)
class Regenerated:
    """A press of the button that asks a question anew, twice at once: whether it was acknowledged, and what the person
    was told in private since."""

    token: str
    acked: bool
    told: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """The presses that decide for a flow that waits, each twice at once and on the same side: whether one was
    acknowledged, and what the person was told in private since the first."""

    token: str
    acked: bool
    told: Sequence[str] = ()
    approves: bool = True


@dataclass(frozen=True, slots=True)
class Predicted:
    """A question that Flowise was asked, or told the decision on: which flow, and when."""

    token: str
    flow: str
    at: float


@dataclass(frozen=True, slots=True)
class Record:
    """All that the oracle reads.

    `predictions` are the tokens that Flowise was asked, in order; `mixed` is how often two ran on one chat. `statuses`
    and `streams` are what still shows that the bot is at work, `limited` the 429s that Slack gave by its own rules
    (method, time), `broken` what else broke its rules; `kept` are Redis' keys at the end. `excused` are the times,
    from and to, in which replicas could not share a budget because Redis could not be reached. `presses` are those of
    the button that stops an answer, `rated` the answers that were rated, `regenerated` the presses of the button that
    asks a question anew, `decided` the decisions that were pressed. `resumed` are the decisions that Flowise was told:
    the token of the question, and whether it was approved. `routes` are those of several flows, each since when, and
    empty where there is one; `predicted` is which of them was asked what, `frozen` when a replica was frozen, from and
    to.
    """

    asked: Sequence[Asked]
    shown: Sequence[Shown] = ()
    predictions: Sequence[str] = ()
    mixed: int = 0
    statuses: Sequence[str] = ()
    streams: Sequence[str] = ()
    limited: Sequence[tuple[str, float]] = ()
    broken: Sequence[str] = ()
    kept: Sequence[str] = ()
    excused: Sequence[tuple[float, float]] = field(default_factory=tuple)
    presses: Sequence[Pressed] = ()
    rated: Sequence[Rated] = ()
    regenerated: Sequence[Regenerated] = ()
    decided: Sequence[Decided] = ()
    resumed: Sequence[tuple[str, bool]] = ()
    routes: Sequence[tuple[float, Routes]] = ()
    predicted: Sequence[Predicted] = ()
    frozen: Sequence[tuple[float, float]] = ()
