"""Knows how far our clock may be from somebody else's, as the Date header of their answers tells it."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from bot.doctor.findings import About, Finding

# Signatures that are older or younger are refused (Slack docs, Verifying requests from Slack).
_SIGNED_SECONDS = 300.0
# A Date header has whole seconds and an answer takes one or two; what is above is a clock that nobody sets.
_LOOSE_SECONDS = 30.0

_SET_IT = "Let the machine keep its time by NTP (timedatectl, or the clock of the host under a virtual machine)."


def clock(about: About, date: str, now: float, *, signed: bool) -> Finding:
    """Compare a Date header with `now`, our time in epoch seconds when the answer came.

    `signed` says that the bot takes signed requests from there, which a wrong clock makes it refuse.
    """
    try:
        ahead = now - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return about.unknown("clock", "the answer has no date to compare ours with")
    if abs(ahead) <= _LOOSE_SECONDS:
        return about.well("clock", "ours agrees")
    found = f"ours is {abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'}"
    if not signed:
        return about.warning("clock", found, _SET_IT)
    if abs(ahead) <= _SIGNED_SECONDS:
        return about.warning("clock", f"{found}; from {_SIGNED_SECONDS:.0f} s on every request is refused", _SET_IT)
    return about.wrong("clock", f"{found}: every request of Slack's is refused as too old or too new", _SET_IT)
