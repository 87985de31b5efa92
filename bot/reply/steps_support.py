"""Says how much of the steps of answers is shown, and remembers for a while that Slack has refused their blocks."""

from __future__ import annotations

import math
from enum import Enum
from typing import Final

MEMORY: Final = 3600.0
"""Seconds for which a refusal is remembered: Slack brings new blocks to workspaces one after the other."""

_OF_BLOCKS: Final = frozenset({"invalid_blocks", "invalid_blocks_format"})
_OF_CHUNKS: Final = frozenset({"invalid_chunks", "invalid_arguments", *_OF_BLOCKS})


class ShowSteps(Enum):
    """BOT_SHOW_STEPS: the list of steps, the status line and one line at the end; without the list; none of them."""

    FULL = "full"
    LINE = "line"
    OFF = "off"


class StepsSupport:
    """How steps are shown in one workspace. Times are seconds of one clock."""

    def __init__(self, show: ShowSteps = ShowSteps.FULL) -> None:
        self.show = show
        self._refused_at = {"blocks": -math.inf, "chunks": -math.inf}

    def takes_plan(self, now: float) -> bool:
        """Whether a message may have a plan block."""
        return now - self._refused_at["blocks"] > MEMORY

    def takes_tasks(self, now: float) -> bool:
        """Whether a stream may have tasks."""
        return self.show is ShowSteps.FULL and now - self._refused_at["chunks"] > MEMORY

    def plan_refused(self, error: str, now: float) -> bool:
        """Note that Slack has refused a message with a plan; whether that may have been for the plan."""
        return self._noted("blocks", error in _OF_BLOCKS, now)

    def tasks_refused(self, error: str, now: float) -> bool:
        """Note that Slack has refused tasks of a stream; whether that may have been for the tasks."""
        return self._noted("chunks", error in _OF_CHUNKS, now)

    def _noted(self, kind: str, is_it: bool, now: float) -> bool:
        if is_it:
            self._refused_at[kind] = now
        return is_it
