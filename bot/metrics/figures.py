"""Counts answers for the figures that admins see in Slack: of all replicas together, and with how many people asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from bot.errors import BotError
from bot.records.figures import Counted, first_text
from bot.reply.observed import AnswerContext, Outcome, Repair, Waiting

_ENDED: Final[Mapping[Outcome, Counted]] = {
    Outcome.FINISHED: Counted.WHOLE,
    Outcome.STOPPED: Counted.STOPPED,
    Outcome.FAILED: Counted.SENTENCE,
    Outcome.INTERRUPTED: Counted.SENTENCE,
    Outcome.NOT_DELIVERED: Counted.SENTENCE,
}
"""What an outcome counts as. One that another replica goes on with is counted there."""


class Count(Protocol):
    """Begins to add to the sums of a team, and waits for nothing."""

    def __call__(self, team: str, counts: Mapping[str, int], person: str) -> None: ...


class AnswerFigures:
    """Counts every answer once, at its end. Implements `bot.reply.observed.Observers`."""

    def __init__(self, count: Count) -> None:
        self._count = count

    def answer(self, asked: AnswerContext) -> AnswerFigure:
        return AnswerFigure(asked, self._count)

    def took_over(self) -> None:
        """It is counted at its end, like any."""


class AnswerFigure:
    """Counts one answer. Implements `bot.reply.observed.Observer`."""

    def __init__(self, asked: AnswerContext, count: Callable[[str, Mapping[str, int], str], None]) -> None:
        self._asked = asked
        self._count = count
        self._first: dict[str, int] = {}

    def waiting(self, why: Waiting) -> None:
        """Waits are part of the time to the first text."""

    def waited(self, why: Waiting, seconds: float) -> None:
        """As `waiting`."""

    def first_token(self) -> None:
        """What counts is when people see it."""

    def first_shown(self, seconds: float) -> None:
        self._first = {first_text(seconds): 1}

    def shown(self, arrived: Sequence[float], now: float) -> None:
        """Only the first text is counted."""

    def repaired(self, how: Repair) -> None:
        """People see nothing of it."""

    def ended(self, outcome: Outcome, error: BotError | None) -> None:
        counted = _ENDED.get(outcome)
        if counted is None:
            return
        tokens = self._asked.tokens()
        used = {Counted.TOKENS.value: tokens} if tokens else {}
        self._count(self._asked.thread.team, {counted.value: 1, **self._first, **used}, self._asked.asker)
