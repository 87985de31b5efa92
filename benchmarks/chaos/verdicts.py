"""Defines what the oracle of a chaos run says: what became of each question, and which promises were broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from benchmarks.chaos.records import Asked
from benchmarks.chaos.sentences import is_closed, is_whole


class Outcome(Enum):
    """What became of a question."""

    WHOLE = "answered whole"
    CLOSED = "closed with a sentence"
    UNFINISHED = "left unfinished"
    NONE = "no answer"
    WAITING = "waits for a decision"
    UNTAKEN = "never taken, Slack gave up"


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken: its name, and what was seen."""

    rule: str
    seen: str


@dataclass(frozen=True, slots=True)
class Unit:
    """The messages of one answer, the first posted `at`. `token` is empty where nothing in them tells the question."""

    place: str
    ts: str
    at: float
    done_at: float
    text: str
    token: str

    @property
    def whole(self) -> bool:
        return bool(self.token) and is_whole(self.text, self.token)

    @property
    def closed(self) -> bool:
        return is_closed(self.text)


@dataclass(frozen=True, slots=True)
class Judged:
    """A question with what became of it; `unit` is its answer, where there is one."""

    asked: Asked
    outcome: Outcome
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the run has come to."""

    judged: Sequence[Judged]
    violations: Sequence[Violation]

    @property
    def outcomes(self) -> Counter[Outcome]:
        return Counter(one.outcome for one in self.judged)


def short(text: str) -> str:
    """A text in one line, without its middle if it is long."""
    line = " ".join(text.split())
    return repr(line if len(line) <= 150 else f"{line[:70]} … {line[-70:]}")
