"""Adds to the figures of a team in the background: nobody waits for them, and an answer is not held up by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.background.tasks import Tasks
from bot.ports.figures import FigureCounts
from bot.workspace.process import Count


def counting(figures: FigureCounts, tasks: Tasks, *, wall: Callable[[], float]) -> Count:
    """What begins to count, with one request to the store each time. `wall` returns epoch seconds."""

    def count(team: str, counts: Mapping[str, int], person: str = "") -> None:
        tasks.start(figures.count(team, counts, at=wall(), person=person), name="figures", later=True)

    return count
