"""Logs what strangers can cause as often as they like: a few lines a minute of each kind, the rest as a number."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

log = structlog.get_logger(__name__)

_MOST_LINES = 10
_WINDOW = 60.0


@dataclass(slots=True)
class _Window:
    """The lines of one kind in the current window."""

    since: float = -math.inf
    written: int = 0
    left_out: int = 0


class SparseLog:
    """Writes at most `most` warnings with the same event in `window` seconds. `clock` is monotonic."""

    def __init__(
        self, most: int = _MOST_LINES, window: float = _WINDOW, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._seconds, self._clock = most, window, clock
        self._windows: dict[str, _Window] = {}

    def warning(self, event: str, **fields: object) -> None:
        """Write a warning, unless there were too many of its kind. `event` is one of a few fixed texts."""
        now, window = self._clock(), self._windows.setdefault(event, _Window())
        if now - window.since >= self._seconds:
            if window.left_out:
                fields["left_out_before"] = window.left_out
            window.since, window.written, window.left_out = now, 0, 0
        if window.written < self._most:
            window.written += 1
            if window.written == self._most:
                fields["more"] = f"left out for up to {self._seconds:g} s"
            log.warning(event, **fields)
        else:
            window.left_out += 1
