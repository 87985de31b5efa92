"""Tracks how far an answer is written to Slack, and says what its next call is worth."""

from __future__ import annotations

from bot.pacing.permits import Kind, Want
from bot.reply.contract import Place
from bot.reply.pace import Pace
from bot.reply.status import StatusLine
from bot.slack.calls import Call, SetStatus, method_of


class Progress:
    """How far one answer is written. Times are seconds of one clock.

    Attributes:
        offered: the call that the reply gave last, which may or may not be made.
        ends: no call is left but the one that removes the status line.
        given_up: why the answer could not be delivered; empty where it could.
    """

    def __init__(self, place: Place, reference: str, pace: Pace, status: StatusLine) -> None:
        self.ends = False
        self.given_up = ""
        self.offered: Call | None = None
        self._channel = place.channel
        self._reference = reference
        self._pace = pace
        self._status = status
        self._unshown_since: float | None = None
        self._shown = 0

    @property
    def over(self) -> bool:
        """Whether the reply makes no more calls."""
        return self.ends and not self._status.may_stand

    @property
    def shows_all(self) -> bool:
        """Whether Slack has shown everything that was received."""
        return self._unshown_since is None

    def unshown_since(self, now: float) -> float:
        """When the oldest event was received that Slack has not shown; now where there is none."""
        return now if self._unshown_since is None else self._unshown_since

    def received(self, now: float) -> None:
        """Something was received that Slack does not show yet."""
        if self._unshown_since is None:
            self._unshown_since = now

    def shown(self, length: int) -> None:
        """Slack has taken a write that shows all of the answer's text so far: `length` characters."""
        self._unshown_since, self._shown = None, length

    def offer(self, call: Call | None) -> Call | None:
        """Note the call that the reply gives, and return it."""
        self.offered = call
        return call

    def give_up(self, why: str) -> None:
        """The answer cannot be delivered; a last call may still say so."""
        self.given_up = why

    def end(self) -> None:
        """Make no more calls, except to remove the status line: however the answer has ended, nothing else would."""
        self.ends = True

    def last_call(self, now: float) -> SetStatus | None:
        """The call that is left when the answer `ends`, if it may be made now."""
        return self._status.removal(now)

    def want(self, kind: Kind, length: int, now: float, *, waits: bool) -> Want:
        """What the offered call is worth, where `length` characters of text were received."""
        return Want(
            method=method_of(self.offered) if self.offered else "",
            channel=self._channel,
            kind=kind,
            since=self.unshown_since(now),
            unseen=length - self._shown,
            last_write=self._pace.wrote_at,
            answer=self._reference,
            waits=waits,
        )
