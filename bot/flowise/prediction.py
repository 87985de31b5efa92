"""Defines what Flowise is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prediction:
    """A question and the chat that it is asked on.

    `asking` is awaited directly before the request is sent, after the probes that start no run; what it raises ends the
    prediction.
    """

    question: str
    chat_id: str
    asking: Callable[[], Awaitable[None]] | None = None
