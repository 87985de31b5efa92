"""Decides which Home tabs are drawn anew when something has changed, and when; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

OPEN: Final = 600.0
"""Seconds after which a Home that was opened is taken to be closed: Slack does not tell."""


@dataclass(frozen=True, slots=True)
class _OpenHome:
    channel: str
    opened_at: float
    drawn_at: float
    is_stale: bool = False


class OpenHomes:
    """The Homes that this process has drawn. Drawings that nobody has asked for are at least `apart`. Times are in
    seconds of one clock."""

    def __init__(self, apart: float) -> None:
        self._apart = apart
        self._homes: dict[str, _OpenHome] = {}

    def opened(self, user: str, channel: str, now: float) -> None:
        """A person's Home was drawn as they opened it, or used it."""
        self._homes = {who: home for who, home in self._homes.items() if now - home.opened_at < OPEN}
        self._homes[user] = _OpenHome(channel, now, now)

    def changed(self) -> None:
        """Something has changed that Homes show."""
        self._homes = {user: replace(home, is_stale=True) for user, home in self._homes.items()}

    def take_due(self, now: float) -> tuple[tuple[str, str], ...]:
        """The people and channels whose Homes are to be drawn anew now, and count as drawn."""
        due = {
            user: home
            for user, home in self._homes.items()
            if home.is_stale and now - home.opened_at < OPEN and now - home.drawn_at >= self._apart
        }
        self._homes |= {user: replace(home, drawn_at=now, is_stale=False) for user, home in due.items()}
        return tuple((user, home.channel) for user, home in due.items())

    def wake_at(self, now: float) -> float | None:
        """When the next one is due; None where none is."""
        times = [
            home.drawn_at + self._apart
            for home in self._homes.values()
            if home.is_stale and max(now, home.drawn_at + self._apart) < home.opened_at + OPEN
        ]
        return min(times, default=None)

    def forget(self, user: str) -> None:
        """Another process draws a person's Home from now on."""
        self._homes.pop(user, None)
