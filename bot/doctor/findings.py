"""Defines what a check reports, and the exit status that all reports together lead to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum


class Verdict(Enum):
    """The result of a check."""

    WELL = "well"
    UNKNOWN = "unknown"
    """It cannot be determined from here, or not now; `do` says where a person can look."""
    WARNING = "warning"
    """The bot answers, but cannot keep all of its promises."""
    WRONG = "wrong"
    """The bot does not answer, or not reliably, until this is changed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        about: the heading it belongs under: Slack, Flowise, Redis, This machine.
        check: the name of the check.
        state: its result.
        found: what was found, in a few words.
        do: what to click or change, or where to look; empty if there is nothing to do.
    """

    about: str
    check: str
    state: Verdict
    found: str
    do: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """Creates findings under one heading."""

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
    """0: nothing has to be changed; 1: something has to. (2 is for settings that cannot be read.)"""
    return WRONG if any(finding.state is Verdict.WRONG for finding in findings) else WELL


def redacted(findings: Iterable[Finding], hide: Callable[[str], str]) -> list[Finding]:
    """The findings with every text passed through `hide`: responses may repeat a secret."""
    return [replace(finding, found=hide(finding.found), do=hide(finding.do)) for finding in findings]
