"""Declares the store's figures of a workspace, as a protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from bot.records.figures import Figures


class FigureCounts(Protocol):
    """Sums over hours. Every method may raise StoreUnavailable."""

    async def count(self, team: str, counts: Mapping[str, int], *, at: float, person: str = "") -> None:
        """Add to the sums of the hour of `at`, in epoch seconds; `person` is who has asked, empty for nobody."""
        ...

    async def periods(self, team: str, *, at: float) -> tuple[Figures, ...]:
        """The figures of the last day, week and month (`bot.records.figures.HOURS`), read with one request."""
        ...
