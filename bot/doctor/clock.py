"""Compares this machine's clock with a server's, by the Date header of its responses."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from bot.doctor.findings import About, Finding

# Signatures further from now than this are rejected (Slack docs, Verifying requests from Slack).
_SIGNED_SECONDS = 300.0
# A Date header has whole seconds and a response takes one or two; beyond this, the clock is not being synchronised.
_LOOSE_SECONDS = 30.0

_SET_IT = "Synchronise this machine's clock by NTP (timedatectl; for a virtual machine, the clock of its host)."


def clock(about: About, date: str, now: float, *, signed: bool) -> Finding:
    """The finding about a Date header compared with `now`, this machine's time in epoch seconds when it arrived.

    `signed`: the bot receives signed requests from that server, and would reject them if its clock were wrong.
    """
    try:
        ahead = now - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return about.unknown("clock", "the response has no date to compare with")
    if abs(ahead) <= _LOOSE_SECONDS:
        return about.well("clock", "agrees with the server's")
    found = f"this machine is {abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'}"
    if not signed:
        return about.warning("clock", found, _SET_IT)
    if abs(ahead) <= _SIGNED_SECONDS:
        return about.warning("clock", f"{found}; beyond {_SIGNED_SECONDS:.0f} s, every request is rejected", _SET_IT)
    return about.wrong("clock", f"{found}: every request from Slack is rejected as too old or too new", _SET_IT)
