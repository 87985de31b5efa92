"""Keeps a flow's own rate limit: so many requests in a window that opens with the first one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bot.playground.flowise.wire import HTML_TYPE, WireReply, whole

MESSAGE = "Too many requests, slow down!"


@dataclass(slots=True)
class RateWindow:
    """The whole bot is one client to Flowise, so one window counts for all its threads."""

    requests: int
    seconds: int
    opened: float = -math.inf
    taken: int = 0

    def take(self, now: float) -> tuple[Mapping[str, str], bool]:
        """Count a request at `now` (epoch seconds); returns the rate limit's headers, and whether it is allowed."""
        if now >= self.opened + self.seconds:
            self.opened, self.taken = now, 0
        self.taken += 1
        headers = {
            "X-RateLimit-Limit": str(self.requests),
            "X-RateLimit-Remaining": str(max(0, self.requests - self.taken)),
            "X-RateLimit-Reset": str(math.ceil(self.opened + self.seconds)),
        }
        return headers, self.taken <= self.requests

    def refusal(self, headers: Mapping[str, str], now: float) -> WireReply:
        """429 with the flow's configured message as text/html (measured on Flowise 3.1.4)."""
        retry_after = str(math.ceil(self.opened + self.seconds - now))
        return whole(429, MESSAGE.encode(), HTML_TYPE, {**headers, "Retry-After": retry_after})
