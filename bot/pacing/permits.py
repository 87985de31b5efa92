"""Defines what a reply would like to call, how urgent that is, and the permit for the call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol


class Kind(IntEnum):
    """The kinds of calls, the most urgent first."""

    ENDING = 0
    """The end of an answer, or anything else that must not wait for others' text."""
    FIRST = 1
    """The first text of an answer, of which nothing is in Slack yet."""
    PROGRESS = 2
    """More of an answer that is visible already."""


@dataclass(frozen=True, slots=True)
class Want:
    """A call that one answer would like to make.

    `since` is when the oldest text arrived that is not visible yet, or when an ending became due; `last_write` is when
    this answer was last written, and means nothing for its first text. Both are seconds of the clock of `now`. `unseen`
    counts the characters that are not visible yet. `answer` is the reference of the answer, empty for single sentences.
    A want that does not wait (`waits` is False) is granted now or not at all.
    """

    method: str
    channel: str
    kind: Kind
    since: float
    unseen: int
    last_write: float
    answer: str = ""
    waits: bool = True

    def waited(self, now: float) -> float:
        """Seconds for which text of this answer has been waiting."""
        return now - (self.last_write if self.kind is Kind.PROGRESS else self.since)

    def speed(self, now: float) -> float:
        """How fast text arrives that is not visible yet, in characters a second."""
        return self.unseen / max(0.1, self.waited(now))


@dataclass(frozen=True, slots=True)
class Permit:
    """Permission to make one call of a method in a channel; `name` identifies its draw on the budget.

    If `denied` is above 0, there is no permission: a want that does not wait cannot be granted now, and nothing was
    drawn from the budget. It may be granted after so many seconds.
    """

    method: str
    channel: str
    name: str
    denied: float = 0.0


class Gate(Protocol):
    """Decides which call to Slack may be made when."""

    async def granted(self, want: Callable[[], Want]) -> Permit:
        """Wait for a permit to make the wanted call; `want` is called again for each decision."""
        ...

    async def refused(self, permit: Permit, retry_after: float) -> None:
        """Note that Slack answered a permitted call with 429."""
        ...

    def touch(self) -> None:
        """Decide anew: some want is more urgent than before."""
        ...
