"""Knows Slack's rate limits: how many calls of which method a workspace may make in which time."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field

_TIER_2, _TIER_3, _TIER_4 = 20, 50, 100

PER_MINUTE = {
    "chat.update": _TIER_3,
    "chat.delete": _TIER_3,
    "chat.postEphemeral": _TIER_4,
    "chat.startStream": _TIER_2,
    "chat.appendStream": _TIER_4,
    "chat.stopStream": _TIER_2,
    "conversations.replies": _TIER_3,
    "conversations.history": _TIER_3,
    "conversations.info": _TIER_3,
    "conversations.open": _TIER_3,
    "bots.info": _TIER_3,
    "users.info": _TIER_4,
    "reactions.add": _TIER_3,
    "files.getUploadURLExternal": _TIER_4,
    "files.completeUploadExternal": _TIER_4,
    "apps.connections.open": _TIER_3,
    "assistant.threads.setStatus": 600,
    # "several hundred" for each of the two is all that Slack says (Slack docs, Rate limits).
    "chat.postMessage": 300,
    "auth.test": 300,
}
"""Calls of a method in a workspace in any 60 seconds (Slack docs, Rate limits, and each method's page)."""

_POSTS_TO_A_CHANNEL = (5, 5.0)
"""One a second in the long run, and "bursts are tolerated": five in any five seconds."""


@dataclass(slots=True)
class Window:
    """At most `most` calls in any `span` seconds."""

    most: int
    span: float
    calls: deque[float] = field(default_factory=deque)

    def wait(self, now: float) -> float:
        """Seconds until a call would be allowed; 0.0: now."""
        while self.calls and self.calls[0] <= now - self.span:
            self.calls.popleft()
        return 0.0 if len(self.calls) < self.most else self.calls[0] + self.span - now


class Limits:
    """All windows of one app. Times are seconds of any steady clock; `scale` multiplies every documented number."""

    def __init__(self, scale: float = 1.0) -> None:
        self._scale = scale
        self._windows: dict[Hashable, Window] = {}

    def take(self, team: str, method: str, channel: str, now: float) -> float:
        """Count a call and return 0.0; or return how many seconds to come back in, and count nothing."""
        windows = [self._window((team, method), PER_MINUTE[method], 60.0)]
        if method == "chat.postMessage":
            windows.append(self._window((team, method, channel), *_POSTS_TO_A_CHANNEL))
        wait = max(window.wait(now) for window in windows)
        if wait <= 0.0:
            for window in windows:
                window.calls.append(now)
        return wait

    def _window(self, key: Hashable, most: int, span: float) -> Window:
        if key not in self._windows:
            self._windows[key] = Window(max(1, int(most * self._scale)), span)
        return self._windows[key]
