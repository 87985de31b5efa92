"""Says what a question waits for."""

from __future__ import annotations

from typing import assert_never

from bot.reply.contract import OverLimit, Queued, WaitingEvent, WaitingForRun
from bot.slack import wording, wording_of_limits


def sentence_of(event: WaitingEvent) -> str:
    """What stands in place of the answer meanwhile."""
    match event:
        case Queued(own=True):
            return wording_of_limits.AFTER_OWN
        case Queued(before=before, busy=busy):
            return wording.queued(before, busy=busy)
        case OverLimit():
            return wording_of_limits.SOON
        case WaitingForRun(stopped=stopped):
            return wording.HELD_BACK_STOPPED if stopped else wording.HELD_BACK
        case _:
            assert_never(event)
