"""Defines what was seen to hold of Slack in one workspace, and reads it from a report of `python -m bot certify`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

STREAM_TO_RICH_TEXT: Final = "stream_to_rich_text"
"""A message that was streamed takes an edit into rich_text, with its links and buttons."""

EDIT_WITHOUT_PREVIEW: Final = "edit_without_preview"
"""Such an edit has Slack fetch no preview for the links it brings."""

CONSULTED: Final = (STREAM_TO_RICH_TEXT, EDIT_WITHOUT_PREVIEW)
"""The assumptions that decide how an answer is written. Without a report, none of them is believed."""

# The share of a documented limit that a report may set: what was seen once in a minute is no reason for more.
_LEAST, _MOST = 0.1, 2.0


@dataclass(frozen=True, slots=True)
class Verified:
    """What was seen in one workspace: the names of the assumptions that hold, and by method the `share` of the
    documented rate limit that Slack has let through."""

    holds: frozenset[str] = frozenset()
    shares: Mapping[str, float] = field(default_factory=dict)

    @property
    def links_by_edit(self) -> bool:
        """Whether one edit may make the links of a streamed answer clickable."""
        return self.holds.issuperset(CONSULTED)

    def share(self, method: str) -> float:
        """What the documented limit of a method is to be multiplied by; 1.0 where nothing was seen."""
        return self.shares.get(method, 1.0)

    def without(self, names: frozenset[str]) -> Verified:
        """The same, but for assumptions that have failed."""
        return replace(self, holds=self.holds - names)


NOTHING: Final = Verified()


def verified(report: str) -> Verified:
    """What a report says, as it is stored; nothing where it cannot be read."""
    try:
        told = json.loads(report)
    except ValueError:
        return NOTHING
    if not isinstance(told, Mapping):
        return NOTHING
    rows = told.get("assumptions")
    found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    held = {row["name"] for row in found if row.get("result") == "holds" and isinstance(row.get("name"), str)}
    return Verified(frozenset(held), _shares(told.get("shares")))


def _shares(told: object) -> Mapping[str, float]:
    if not isinstance(told, Mapping):
        return {}
    return {
        str(method): min(_MOST, max(_LEAST, float(share)))
        for method, share in told.items()
        if isinstance(share, int | float) and not isinstance(share, bool) and share == share  # noqa: PLR0124  # no NaN
    }
