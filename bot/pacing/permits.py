"""Says what a reply would like to call, how much that is worth, and the permit to call it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol


class Kind(IntEnum):
    """What a call brings, the most urgent first."""

    ENDING = 0
    """The last of an answer, or anything else that must not wait for others' texts."""
    FIRST = 1
    """The first words of an answer, of which nothing stands in Slack."""
    PROGRESS = 2
    """More of an answer that can be seen already."""


@dataclass(frozen=True, slots=True)
class Want:
    """A call that one answer would like to make.

    `since` is when the oldest text came that cannot be seen yet, or when an ending became due; `last_write` when this
    answer was last written, and of no meaning for first words. Both are seconds of the clock of `now`. `unseen` counts
    the characters that cannot be seen. `answer` is the reference of the answer, empty for single sentences. A want that
    does not wait (`waits` False) is granted now or not at all.
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
        """Seconds in which nothing of this answer was written though there was something."""
        return now - (self.last_write if self.kind is Kind.PROGRESS else self.since)

    def speed(self, now: float) -> float:
        """Characters a second that come and cannot be seen."""
        return self.unseen / max(0.1, self.waited(now))


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to make one call of a method in a channel; `name` is its own in the budget.

    With `denied` above 0 it is none: the want that does not wait cannot be granted now, and might be after so many
    seconds. Nothing was drawn from the budget.
    """

    method: str
    channel: str
    name: str
    denied: float = 0.0


class Gate(Protocol):
    """Who may call Slack when."""

    async def granted(self, want: Callable[[], Want]) -> Permit:
        """Wait until the call may be made that is wanted, as `want` tells at every moment."""
        ...

    async def refused(self, leave: Permit, retry_after: float) -> None:
        """Slack answered that call with 429."""
        ...

    def touch(self) -> None:
        """Something is wanted more than before."""
        ...
