"""Holds what Flowise is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prediction:
    """What Flowise is asked: the question, on which chat.

    `asking` is waited for directly before the request is made, after everything that asks nothing yet; what it raises
    ends the prediction.
    """

    question: str
    chat_id: str
    asking: Callable[[], Awaitable[None]] | None = None
