"""Formats findings as a table for a terminal or a pipe, or as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from bot.doctor.findings import Finding, Verdict

# Select Graphic Rendition (ECMA-48, 8.3.117): green, dim, yellow, red.
_COLOURS = {Verdict.WELL: "32", Verdict.UNKNOWN: "2", Verdict.WARNING: "33", Verdict.WRONG: "1;31"}
_BOLD = "1"
_STATES = max(len(state.value) for state in Verdict)
# Columns. In less, text beside the columns of states and checks is unreadable.
_NARROWEST = 60


def table(findings: Sequence[Finding], *, width: int, colour: bool) -> str:
    """The report as text: under each heading a row for each finding with what to do below it; then a summary.

    `width` is in columns; `colour` says whether escape sequences may be used.
    """
    findings = [replace(finding, about=_shown(finding.about), check=_shown(finding.check)) for finding in findings]
    checks = max((len(finding.check) for finding in findings), default=0)
    lines: list[str] = []
    for heading, rows in groupby(findings, key=lambda finding: finding.about):
        lines += [_painted(heading, _BOLD, colour)]
        for finding in rows:
            lines += _row(finding, checks, max(width, _NARROWEST), colour)
        lines += [""]
    return "\n".join([*lines, _summary(findings), ""])


def as_json(findings: Sequence[Finding], status: int) -> str:
    """The findings as JSON, with the exit status."""
    rows = [
        {
            "about": finding.about,
            "check": finding.check,
            "state": finding.state.value,
            "found": finding.found,
            "do": finding.do,
        }
        for finding in findings
    ]
    return json.dumps({"status": status, "findings": rows}, indent=2) + "\n"


def _row(finding: Finding, checks: int, width: int, colour: bool) -> Iterator[str]:
    state = _painted(f"{finding.state.value:<{_STATES}}", _COLOURS[finding.state], colour)
    margin = " " * (2 + _STATES + 2 + checks + 2)
    first, *rest = _wrapped(finding.found, width - len(margin)) or [""]
    yield f"  {state}  {finding.check:<{checks}}  {first}".rstrip()
    yield from (f"{margin}{line}" for line in rest)
    for index, line in enumerate(_wrapped(finding.do, width - len(margin) - 3)):
        yield f"{margin}{'->' if index == 0 else '  '} {line}"


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(_shown(text), width, break_on_hyphens=False)


def _shown(text: str) -> str:
    """The text without control characters: responses from Slack, Flowise and Redis may contain some."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _painted(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text


def _summary(findings: Sequence[Finding]) -> str:
    counts = {state: sum(finding.state is state for finding in findings) for state in Verdict}
    if counts[Verdict.WRONG]:
        verdict = "Something has to be changed"
    elif counts[Verdict.WARNING]:
        verdict = "The bot works, with restrictions"
    else:
        verdict = "All is well, as far as can be determined from here"
    counted = ", ".join(f"{count} {state.value}" for state, count in counts.items() if count)
    return f"{verdict}: {counted}."
