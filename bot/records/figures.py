"""Defines what is counted of questions, answers and ratings, in sums that hold no text and no name."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final


class Counted(Enum):
    """What is counted, by the name that it is stored under."""

    WHOLE = "whole"
    """Answers that ended with all their words."""
    SENTENCE = "sentence"
    """Questions that got a sentence of ours in place of an answer, or of its end."""
    STOPPED = "stopped"
    """Answers that a person has stopped."""
    GOOD = "good"
    BAD = "bad"
    """Ratings that were pressed."""
    REFUSED = "refused"
    """Questions of people who may not ask."""
    TOKENS = "tokens"
    """What models have read and written, as far as Flowise tells."""


FIRST_TEXT: Final = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 120.0)
"""The upper ends, in seconds, of the groups in which waits for the first text are counted. Edits of one answer are at
least 0.6 s apart, so that finer groups would tell nothing."""

_FIRST = "first:"

HOURS: Final = (24, 7 * 24, 30 * 24)
"""Over how many hours figures are shown: a day, a week, a month."""


def first_text(seconds: float) -> str:
    """The name under which a wait for the first text is counted."""
    return f"{_FIRST}{bisect_left(FIRST_TEXT, seconds)}"


@dataclass(frozen=True, slots=True)
class Figures:
    """The sums over a time. `people` is how many have asked, give or take a percent."""

    people: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)

    def __getitem__(self, what: Counted) -> int:
        return self.counts.get(what.value, 0)

    @property
    def questions(self) -> int:
        """How many questions have come to an end, in one way or another."""
        return self[Counted.WHOLE] + self[Counted.SENTENCE] + self[Counted.STOPPED]

    @property
    def median_first_text(self) -> float | None:
        """The upper end of the group in which half of the answers had shown their first text, in seconds; None where
        there was no text, infinite above the last group."""
        groups = [self.counts.get(f"{_FIRST}{number}", 0) for number in range(len(FIRST_TEXT) + 1)]
        half, seen = sum(groups) / 2, 0
        if not half:
            return None
        for group, end in zip(groups, (*FIRST_TEXT, float("inf")), strict=True):
            seen += group
            if seen >= half:
                return end
        return None
