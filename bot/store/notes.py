"""Knows how values are written into Redis as JSON, and read by another version of this program."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TypeVar

from bot.thread import Item, OpenAnswer, Run

N = TypeVar("N", Run, OpenAnswer, Item)


def noted(value: Run | OpenAnswer | Item) -> str:
    return json.dumps(asdict(value))


def read(kind: type[N], kept: str | bytes) -> N:
    """A note with the fields that this version knows: while replicas are being updated, two versions write notes."""
    names = {field.name for field in fields(kind)}
    return kind(**{name: value for name, value in json.loads(kept).items() if name in names})
