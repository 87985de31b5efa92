"""Defines the report on a workspace, readable and as JSON: no name, no id and no text of Slack's is in it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from bot import __version__
from bot.certify.assumptions import Assumption

_WIDTH = 110
_DONE = 0
_DIFFERS = 1


class Result(Enum):
    """What became of an assumption."""

    HOLDS = "holds"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    """It could not be seen here, or not now."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What a check has seen, in our own words."""

    result: Result
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """An assumption, and what was seen of it."""

    assumption: Assumption
    observed: Observed


@dataclass(frozen=True, slots=True)
class Report:
    """All rows, in the order of the assumptions. `at` is epoch seconds; `shares` are the shares of documented rate
    limits that were let through, by method; `left` counts the messages that could not be removed."""

    rows: tuple[Row, ...]
    at: float
    shares: Mapping[str, float] = field(default_factory=dict)
    left: int = 0

    @property
    def status(self) -> int:
        """The exit status: 1 where something is wrong or was left behind."""
        wrong = any(row.observed.result is Result.WRONG for row in self.rows)
        return _DIFFERS if wrong or self.left else _DONE

    def as_json(self) -> str:
        """The report for machines, as it is also kept."""
        rows = [
            {
                "name": row.assumption.name,
                "code": row.assumption.place,
                "expected": row.assumption.expected,
                "result": row.observed.result.value,
                "observed": row.observed.text,
                "means": row.assumption.if_wrong if row.observed.result is Result.WRONG else "",
            }
            for row in self.rows
        ]
        told = {"version": __version__, "at": int(self.at), "shares": dict(self.shares), "left": self.left}
        return json.dumps({**told, "assumptions": rows}, indent=2) + "\n"

    def as_text(self) -> str:
        """The report for people."""
        return "\n".join([*(line for row in self.rows for line in lines(row)), "", *self._summary(), ""])

    def _summary(self) -> Iterable[str]:
        counts = {result: sum(row.observed.result is result for row in self.rows) for result in Result}
        yield ", ".join(f"{count} {result.value}" for result, count in counts.items() if count) + "."
        yield from (
            f"Slack lets through {share:.0%} of what it documents for {method}."
            for method, share in self.shares.items()
        )
        if self.left:
            yield f"{self.left} messages could not be removed; the next run tries again."


def lines(row: Row) -> Iterable[str]:
    """A row for people: what was seen, and what it means where something is wrong."""
    name, observed = row.assumption.name, row.observed
    head = f"{observed.result.value:<9}{name:<22}"
    wrapped = textwrap.wrap(observed.text, _WIDTH - len(head), break_on_hyphens=False) or [""]
    yield f"{head}{wrapped[0]}".rstrip()
    margin = " " * len(head)
    yield from (f"{margin}{line}" for line in wrapped[1:])
    if observed.result is Result.WRONG:
        for about, text in (("expected", row.assumption.expected), ("means", row.assumption.if_wrong)):
            said = textwrap.wrap(f"{about}: {text}", _WIDTH - len(head), break_on_hyphens=False)
            yield from (f"{margin}{line}" for line in said)
