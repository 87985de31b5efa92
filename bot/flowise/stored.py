"""Finds one run's answer among the turns that Flowise has stored on a chat.

The bot's own clock is not used: it may differ between the process that asked and the one that looks, and may be set in
between. Rows are ordered by the dates that Flowise gave them and distinguished by their ids: rows after the one that
was the newest before Flowise was asked were stored afterwards. Where Flowise's own clock went back, there are none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from pydantic import TypeAdapter

from bot.flowise.json_text import mended
from bot.records.thread import Expected

Row: TypeAlias = Mapping[str, object]

_ANSWER = "apiMessage"


@dataclass(frozen=True, slots=True)
class _Content:
    """What is read of a row where only its text is wanted. The parser passes over the rest, and makes no values of it:
    a row of an agent flow holds the whole run, with its prompts."""

    id: str = ""
    role: str = ""
    content: str | None = None


_CONTENTS = TypeAdapter(list[_Content])


@dataclass(frozen=True, slots=True)
class _Sources:
    """What is read of a row where only its documents are wanted."""

    id: str = ""
    role: str = ""
    sourceDocuments: object = None  # noqa: N815  # Flowise's name


_SOURCES = TypeAdapter(list[_Sources])


def content(rows: str, row_id: str) -> str:
    """The text of one answer in the JSON of stored rows; empty where it is not among them, or has none.

    Raises:
        ValueError: it is no JSON of rows. Its text may quote them.
    """
    found = _CONTENTS.validate_json(mended(rows))
    return next((row.content or "" for row in found if row.role == _ANSWER and row.id == row_id), "")


def sources(rows: str, row_id: str) -> object:
    """The documents of one answer in the JSON of stored rows, as they are stored; None where it has none.

    Raises:
        ValueError: it is no JSON of rows. Its text may quote them.
    """
    found = _SOURCES.validate_json(mended(rows))
    return next((row.sourceDocuments for row in found if row.role == _ANSWER and row.id == row_id), None)


def newest(rows: Sequence[Row]) -> str:
    """The id of the newest row; empty where there is none."""
    ordered = _ordered(rows)
    return str(ordered[-1]["id"]) if ordered else ""


def answer(rows: Sequence[Row], expected: Expected) -> Row | None:
    """The stored answer of the run whose turn is `expected`; None: not stored, or not certain to be its own.

    A turn is two adjacent rows: the question, dated by when it was received, and the answer. Where two runs overlap,
    two questions are adjacent, and nothing says which of them an answer is for.
    """
    later = _after(_ordered(rows), expected.after)
    if expected.question is None:
        return next((row for row in later if is_answer(row)), None)
    for number, (asked, answered) in enumerate(pairwise(later)):
        if not _asks(asked, expected.question) or not is_answer(answered):
            continue
        return None if number and not is_answer(later[number - 1]) else answered
    return None


def asked_last(rows: Sequence[Row], expected: Expected) -> bool:
    """Whether the newest row is the question of the turn that is `expected`.

    A run that fails before its last word stores nothing; one that fails after it stores the question alone (measured on
    Flowise 3.1.4).
    """
    later = _after(_ordered(rows), expected.after)
    return bool(later) and expected.question is not None and _asks(later[-1], expected.question)


def _ordered(rows: Sequence[Row]) -> list[Row]:
    """The rows by the date that Flowise gave them, such as 2026-11-22T17:04:21.633Z; rows of one date as they came."""
    named = (row for row in rows if isinstance(row.get("id"), str) and isinstance(row.get("createdDate"), str))
    return sorted(named, key=lambda row: str(row["createdDate"]))


def _after(rows: list[Row], row_id: str) -> list[Row]:
    """The rows after one; none where that one is missing, for then nothing says which are later."""
    if not row_id:
        return rows
    place = next((number for number, row in enumerate(rows) if row["id"] == row_id), None)
    return [] if place is None else rows[place + 1 :]


def is_answer(row: Row) -> bool:
    return row.get("role") == _ANSWER


def _asks(row: Row, question: str) -> bool:
    """Whether a row holds the question; white space is ignored, for a database may change it."""
    content = row.get("content")
    return row.get("role") == "userMessage" and isinstance(content, str) and content.split() == question.split()
