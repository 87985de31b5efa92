"""Counts the answers of all replicas by how they grow: by edits, by native streaming, or not yet."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from bot.ports.budget import Counts, ReplicaCounts


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
    # Its text stays, and further text is written by edits.
    "chat.stopStream": _By.EDITS,
}
"""What an answer grows by after a call."""


class SharedCounts:
    """Keeps the answers under way: those of this process by reference, those of the other replicas as counts."""

    def __init__(self, replica: str) -> None:
        self._replica = replica
        self._answers: dict[str, _By] = {}
        self._speed = 0.0
        self._others = Counts()

    def begin(self, answer: str) -> None:
        """Note that an answer is under way, of which nothing is visible yet."""
        self._answers[answer] = _By.NOTHING

    def end(self, answer: str) -> None:
        """Note that an answer has ended."""
        self._answers.pop(answer, None)

    def called(self, answer: str, method: str) -> None:
        """Note that a call of that answer was permitted. An answer that was not begun here is not counted."""
        if answer in self._answers and method in _AFTER:
            self._answers[answer] = _AFTER[method]

    def grows(self, speed: float) -> None:
        """Note the mean speed of the answers that grow by edits, in characters a second; 0 if it is unknown."""
        self._speed = speed or self._speed

    def report(self, answer: str = "", method: str = "") -> ReplicaCounts:
        """What to report to the other replicas with a draw for a call of an answer, as if it were permitted."""
        grown = {answer: _AFTER[method]} if answer in self._answers and method in _AFTER else {}
        ways = list((self._answers | grown).values())
        streaming = ways.count(_By.STREAM)
        editing = len(ways) - streaming
        return ReplicaCounts(self._replica, Counts(editing, ways.count(_By.EDITS), streaming, self._speed * editing))

    def received(self, report: ReplicaCounts, sums: Counts) -> None:
        """Note the counts of all replicas together, which include what this one reported (`report`)."""
        self._others = sums.without(report.counts)

    def alone(self) -> None:
        """Note that nothing is known of the other replicas."""
        self._others = Counts()

    @property
    def counts(self) -> Counts:
        """The counts of all replicas, those of the others as of the last draw."""
        return self.report().counts + self._others
