"""Issues trigger ids: what a person does gives the app one, with which it may open a view for them, once and soon."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from bot.playground.slack.rules import Refusal

LASTS = 3.0
"""Seconds (Slack docs, Handling user interaction)."""


class Triggers:
    """All trigger ids that were given out."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._given: dict[str, tuple[str, float]] = {}
        self._used: set[str] = set()

    def new(self, user: str) -> str:
        trigger = f"{uuid4().int % 10**13}.{uuid4().int % 10**13}.{uuid4().hex}"
        self._given[trigger] = (user, self._clock())
        return trigger

    def use(self, trigger: str) -> str:
        """The person whose action it came from.

        Raises:
            Refusal: it is too old, was used before, or was never handed out.
        """
        if trigger not in self._given:
            raise Refusal("invalid_arguments", "[ERROR] invalid `trigger_id`")
        if trigger in self._used:
            raise Refusal("exchanged_trigger_id")
        user, since = self._given[trigger]
        if self._clock() - since > LASTS:
            raise Refusal("expired_trigger_id")
        self._used.add(trigger)
        return user
