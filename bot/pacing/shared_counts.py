"""Knows how the answers of all replicas grow: by edits, by a native stream, or not yet."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from bot.ports import Counts, ReplicaCounts


class _By(Enum):
    """What an answer grows by."""

    NOTHING = auto()
    EDITS = auto()
    STREAM = auto()


_AFTER: Final = {
    "chat.postMessage": _By.EDITS,
    "chat.update": _By.EDITS,
    "chat.startStream": _By.STREAM,
    "chat.appendStream": _By.STREAM,
    # Its text stands, and what comes after is written by edits.
    "chat.stopStream": _By.EDITS,
}
"""What an answer grows by after a call."""


class SharedCounts:
    """The answers under way: those of this process, by their references, and how many the other replicas have."""

    def __init__(self, replica: str) -> None:
        self._replica = replica
        self._answers: dict[str, _By] = {}
        self._speed = 0.0
        self._others = Counts()

    def begin(self, answer: str) -> None:
        """An answer is under way; nothing of it can be seen."""
        self._answers[answer] = _By.NOTHING

    def end(self, answer: str) -> None:
        """It is under way no longer."""
        self._answers.pop(answer, None)

    def called(self, answer: str, method: str) -> None:
        """Leave was given for a call of that answer. One that was never begun is not counted."""
        if answer in self._answers and method in _AFTER:
            self._answers[answer] = _AFTER[method]

    def grows(self, speed: float) -> None:
        """The mean speed of those that grow by edits, in characters a second, where any can be judged (else 0)."""
        self._speed = speed or self._speed

    def told(self, answer: str = "", method: str = "") -> ReplicaCounts:
        """What the other replicas are told, with the draw for a call of an answer: as if leave were given."""
        grown = {answer: _AFTER[method]} if answer in self._answers and method in _AFTER else {}
        ways = list((self._answers | grown).values())
        streaming = ways.count(_By.STREAM)
        editing = len(ways) - streaming
        return ReplicaCounts(self._replica, Counts(editing, ways.count(_By.EDITS), streaming, self._speed * editing))

    def heard(self, told: ReplicaCounts, sums: Counts) -> None:
        """All replicas together have so many, with what was told of this one."""
        self._others = sums.without(told.counts)

    def alone(self) -> None:
        """Of others nothing can be known."""
        self._others = Counts()

    @property
    def counts(self) -> Counts:
        """Of all replicas, as far as is known: the others' are as of the last draw."""
        return self.told().counts + self._others
