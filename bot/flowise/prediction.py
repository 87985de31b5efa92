"""Defines what Flowise is asked: a question, or to go on after a decision."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.flowise.decisions import Choice, resumption


@dataclass(frozen=True, slots=True)
class Prediction:
    """A question and the chat that it is asked on; with a `choice`, the run that waits there goes on instead.

    `asking` is awaited directly before the request is sent, after the probes that start no run; what it raises ends the
    prediction.
    """

    question: str
    chat_id: str
    asking: Callable[[], Awaitable[None]] | None = None
    choice: Choice | None = None

    @property
    def asks(self) -> Mapping[str, object]:
        """The part of the request's body that says what is asked."""
        if self.choice is None:
            return {"question": self.question}
        return resumption(self.choice)
