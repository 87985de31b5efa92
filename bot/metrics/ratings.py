"""Counts how people rate answers: those who asked, and others."""

from __future__ import annotations

from bot.metrics.families import Families


class RatingMetrics:
    """The metrics of ratings. Each press counts."""

    def __init__(self, families: Families) -> None:
        ratings = families.counter(
            "ratings", "Ratings of answers that were pressed, by who has pressed and what.", ["by", "rating"]
        )
        self._children = {
            (by_asker, good): ratings.labels(by="asker" if by_asker else "others", rating="good" if good else "bad")
            for by_asker in (True, False)
            for good in (True, False)
        }

    def count(self, *, by_asker: bool, good: bool) -> None:
        """Count a press. `by_asker`: by the person whose question was answered."""
        self._children[by_asker, good].inc()
