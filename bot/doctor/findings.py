"""Knows what a check can say, and what all of them say together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum


class Verdict(Enum):
    """How it stands with what was looked at."""

    WELL = "well"
    UNKNOWN = "unknown"
    """It cannot be seen from here, or not now; `do` tells where a person can look."""
    WARNING = "warning"
    """The bot answers, but not all that it promises holds."""
    WRONG = "wrong"
    """The bot will not answer, or not reliably, until this is changed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check has seen.

    Attributes:
        about: what was examined, as a heading: Slack, Flowise, Redis, the machine.
        check: what of it.
        state: how it stands.
        found: what was seen, in a few words.
        do: what to click or change, or where to look; empty where there is nothing to do.
    """

    about: str
    check: str
    state: Verdict
    found: str
    do: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """Makes findings under one heading."""

    heading: str

    def well(self, check: str, found: str) -> Finding:
        return Finding(self.heading, check, Verdict.WELL, found)

    def unknown(self, check: str, found: str, do: str = "") -> Finding:
        return Finding(self.heading, check, Verdict.UNKNOWN, found, do)

    def warning(self, check: str, found: str, do: str) -> Finding:
        return Finding(self.heading, check, Verdict.WARNING, found, do)

    def wrong(self, check: str, found: str, do: str) -> Finding:
        return Finding(self.heading, check, Verdict.WRONG, found, do)


WELL = 0
WRONG = 1
UNREADABLE = 2


def exit_status(findings: Iterable[Finding]) -> int:
    """0: nothing must be changed, 1: something must. (2 is for settings that cannot be read.)"""
    return WRONG if any(finding.state is Verdict.WRONG for finding in findings) else WELL


def redacted(findings: Iterable[Finding], hide: Callable[[str], str]) -> list[Finding]:
    """The findings with every text gone through `hide`: what others answer may repeat a secret."""
    return [replace(finding, found=hide(finding.found), do=hide(finding.do)) for finding in findings]
