"""Finds one run's answer among the turns that Flowise has stored on a chat.

No clock of ours takes part: that of the process that asked and that of the one that looks may differ, and be set in
between. Rows are ordered by the dates that Flowise gave them and told apart by their ids: what stands behind the row
that was the newest before Flowise was asked was stored afterwards. Where Flowise's own clock went back, nothing does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from bot.thread import Expected

Row: TypeAlias = Mapping[str, object]


def newest(rows: Sequence[Row]) -> str:
    """The id of the newest row; empty where there is none."""
    ordered = _ordered(rows)
    return str(ordered[-1]["id"]) if ordered else ""


def answer(rows: Sequence[Row], expected: Expected) -> Row | None:
    """The stored answer of the run whose turn is `expected`; None: not stored, or not certain to be its own.

    A turn is two rows beside each other: what was asked, dated by when it came in, and what was answered. Where two
    runs overlap, two questions stand beside each other, and nothing tells which of them an answer is for.
    """
    later = _after(_ordered(rows), expected.after)
    if expected.question is None:
        return next((row for row in later if is_answer(row)), None)
    for number, (asked, answered) in enumerate(pairwise(later)):
        if not _asks(asked, expected.question) or not is_answer(answered):
            continue
        return None if number and not is_answer(later[number - 1]) else answered
    return None


def _ordered(rows: Sequence[Row]) -> list[Row]:
    """The rows by the date that Flowise gave them, such as 2026-11-22T17:04:21.633Z; of one date as they came."""
    named = (row for row in rows if isinstance(row.get("id"), str) and isinstance(row.get("createdDate"), str))
    return sorted(named, key=lambda row: str(row["createdDate"]))


def _after(rows: list[Row], row_id: str) -> list[Row]:
    """The rows behind one; none where that is not there: then nothing tells which are later."""
    if not row_id:
        return rows
    place = next((number for number, row in enumerate(rows) if row["id"] == row_id), None)
    return [] if place is None else rows[place + 1 :]


def is_answer(row: Row) -> bool:
    return row.get("role") == "apiMessage"


def _asks(row: Row, question: str) -> bool:
    """Whether a row holds what was asked, whatever becomes of its white space on the way into a database."""
    content = row.get("content")
    return row.get("role") == "userMessage" and isinstance(content, str) and content.split() == question.split()
