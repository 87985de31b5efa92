"""Enforces Slack's rate limits: how many calls of which method a workspace may make in which time."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

_TIER_1, _TIER_2, _TIER_3, _TIER_4 = 1, 20, 50, 100

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
    "files.info": _TIER_4,
    "users.info": _TIER_4,
    "usergroups.list": _TIER_2,
    "usergroups.users.list": _TIER_2,
    "users.list": _TIER_2,
    "users.conversations": _TIER_3,
    "conversations.list": _TIER_2,
    "conversations.members": _TIER_4,
    "reactions.add": _TIER_3,
    "reactions.remove": _TIER_2,
    "reactions.get": _TIER_3,
    "views.open": _TIER_4,
    "views.push": _TIER_4,
    "views.update": _TIER_4,
    "views.publish": _TIER_4,
    "files.getUploadURLExternal": _TIER_4,
    "files.completeUploadExternal": _TIER_4,
    "files.delete": _TIER_3,
    "apps.connections.open": _TIER_3,
    "apps.manifest.create": _TIER_1,
    "assistant.threads.setStatus": 600,
    "assistant.threads.setSuggestedPrompts": _TIER_4,
    "agents.sessions.setStatus": _TIER_3,
    # Slack names no number.
    "tooling.tokens.rotate": _TIER_2,
    # "several hundred" for each of the two is all that Slack says (Slack docs, Rate limits).
    "chat.postMessage": 300,
    "auth.test": 300,
}
"""Calls of a method in a workspace in any 60 seconds (Slack docs, Rate limits, and each method's page)."""

FEW_EDITS = 30
"""Edits a minute, where they are as few as somebody has reported."""

_POSTS_TO_A_CHANNEL = (5, 5.0)
"""One a second in the long run, and "bursts are tolerated": five in any five seconds."""


Pace: TypeAlias = Literal["on", "off", "tight"]
_FACTORS: dict[Pace, float] = {"on": 1.0, "tight": 0.1}


class BudgetLeft(NamedTuple):
    """What is left of a method in this minute: calls, of how many, and seconds until the oldest one expires."""

    left: int
    most: int
    reset: float


@dataclass(slots=True)
class CallWindow:
    """The calls of the last `span` seconds."""

    span: float
    calls: deque[float] = field(default_factory=deque)

    def forget(self, now: float) -> None:
        """Drop the calls that no longer count."""
        while self.calls and self.calls[0] <= now - self.span:
            self.calls.popleft()

    def wait(self, now: float, most: int) -> float:
        """Seconds until a call would be allowed, where `most` are; 0.0: now."""
        self.forget(now)
        return 0.0 if len(self.calls) < most else self.calls[len(self.calls) - most] + self.span - now


class RateLimits:
    """All windows of one app. Times are seconds of any steady clock; `scale` multiplies every documented number.

    `pace` may be changed at any time: calls that were made while it was "off" do not count, nor, once it is no longer
    "tight", those that were made until then.
    """

    def __init__(self, scale: float = 1.0, pace: Pace = "on") -> None:
        self._pace: Pace = pace
        self._scale = scale
        self.few_edits = False
        """Edits are as few as somebody has reported."""
        self._windows: dict[Hashable, CallWindow] = {}

    @property
    def pace(self) -> Pace:
        return self._pace

    @pace.setter
    def pace(self, pace: Pace) -> None:
        if self._pace == "tight" and pace != "tight":
            self._windows.clear()
        self._pace = pace

    def take(self, team: str, method: str, channel: str, now: float) -> float:
        """Count a call and return 0.0; or return how many seconds to come back in, and count nothing."""
        if self.pace == "off":
            return 0.0
        documented = FEW_EDITS if self.few_edits and method == "chat.update" else PER_MINUTE[method]
        windows = [(self._window((team, method), 60.0), self._most(documented))]
        if method == "chat.postMessage":
            most, span = _POSTS_TO_A_CHANNEL
            windows.append((self._window((team, method, channel), span), self._most(most)))
        wait = max(window.wait(now, most) for window, most in windows)
        if wait <= 0.0:
            for window, _ in windows:
                window.calls.append(now)
        return wait

    def left(self, team: str, method: str, now: float) -> BudgetLeft | None:
        """What is left of a method; None where the limits are off, or the method has none."""
        if self.pace == "off" or method not in PER_MINUTE:
            return None
        window, most = self._window((team, method), 60.0), self._most(PER_MINUTE[method])
        window.forget(now)
        reset = window.calls[0] + window.span - now if window.calls else 0.0
        return BudgetLeft(max(0, most - len(window.calls)), most, reset)

    def budget(self, team: str, now: float) -> dict[str, BudgetLeft]:
        """What is left of every method; nothing where the limits are off."""
        told = {method: self.left(team, method, now) for method in PER_MINUTE}
        return {method: left for method, left in told.items() if left is not None}

    def _most(self, documented: int) -> int:
        return max(1, int(documented * self._scale * _FACTORS.get(self.pace, 1.0)))

    def _window(self, key: Hashable, span: float) -> CallWindow:
        if key not in self._windows:
            self._windows[key] = CallWindow(span)
        return self._windows[key]
