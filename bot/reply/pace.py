"""Paces the writes of one answer, whatever the workspace's budget allows, and its tries after lost replies.

SLACK_EDIT_INTERVAL applies in the long run: many answers are short, so the first edits may come sooner.
"""

from __future__ import annotations

import math
from typing import Final

from bot.pacing.budget import Budget
from bot.slack.tiers import Key, Quota

BACKOFF: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Waits after calls whose answer was lost, in seconds; the last one again and again."""

# Writes of one answer that may come as fast as the workspace's budget allows: enough for an answer of eight seconds.
_EARLY = 14

# Seconds for which the end of an answer whose text has come is awaited: it waits for its stored text, 0.05 to 0.1 s as
# a rule (measured on Flowise 3.1.4).
_END_IS_NEAR = 1.0


class Pace:
    """The writes of one answer: `interval` seconds apart in the long run, some more in the beginning.

    Times are seconds of one clock.
    """

    def __init__(self, interval: float) -> None:
        self.wrote_at = -math.inf
        self.held_until = 0.0
        self._own = Budget()
        self._key = Key("own", Quota(rate=1.0 / interval, burst=_EARLY))
        self._after = 0.0

    def wrote(self, now: float) -> None:
        """A write was made, whatever came of it."""
        self.wrote_at = now
        self._own.take((self._key,), now)
        missing = 1.0 - self._own.level(self._key, now)
        self._after = now + max(0.0, missing) / self._key.quota.rate

    def ends_soon(self, now: float) -> None:
        """The end is near: make no write before it, unless it fails to come."""
        self._after = max(self._after, now + _END_IS_NEAR)

    def hold(self, until: float) -> None:
        """Make no call before a time: Slack has asked for silence, or does not answer."""
        self.held_until = until

    def may_write_at(self, *, ended: bool) -> float:
        """When the next write may be made. An ending waits only where Slack has asked for silence."""
        return self.held_until if ended else max(self._after, self.held_until)


class Losses:
    """Counts the calls in a row whose reply was lost. Times are seconds of one clock."""

    def __init__(self) -> None:
        self.count = 0
        self._since = 0.0

    def lost(self, now: float) -> float:
        """Note a lost reply; the seconds to wait before the next try."""
        if self.count == 0:
            self._since = now
        wait = BACKOFF[min(self.count, len(BACKOFF) - 1)]
        self.count += 1
        return wait

    def lasted(self, now: float) -> float:
        """The seconds since the first reply in a row was lost."""
        return now - self._since if self.count else 0.0

    def reset(self) -> None:
        """Slack has answered."""
        self.count = 0
