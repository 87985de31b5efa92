"""Knows how the answers of this process grow: by edits, by a native stream, or not yet."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from bot.ports import Counts


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


class Growth:
    """The answers under way, by their references."""

    def __init__(self) -> None:
        self._answers: dict[str, _By] = {}

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

    @property
    def counts(self) -> Counts:
        ways = list(self._answers.values())
        streaming = ways.count(_By.STREAM)
        return Counts(editing=len(ways) - streaming, standing=ways.count(_By.EDITS), streaming=streaming)
