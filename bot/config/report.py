"""Prints the values that hold, with their origin."""

from __future__ import annotations

import json

from bot.config.effective import Effective
from bot.config.values import Rate


def as_text(effective: Effective) -> str:
    """A line for each value: its key, the value as the file would have it, and its origin in brackets."""
    rows = [(value.key, written(value.value), value.origin.value) for value in effective.values]
    width = max(len(key) for key, _, _ in rows)
    return "\n".join(f"{key:<{width}}  {value}  ({origin})" for key, value, origin in rows)


def as_json(effective: Effective) -> str:
    """The same as a list of objects with `key`, `value` and `origin`."""
    values = [
        {"key": value.key, "value": _plain(value.value), "origin": value.origin.value} for value in effective.values
    ]
    return json.dumps({"values": values}, indent=2, ensure_ascii=False)


def written(value: object) -> str:
    """A value as the file would have it."""
    return "not set" if value is None else json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: object) -> object:
    match value:
        case Rate():
            return str(value)
        case tuple() | frozenset():
            return list(value)
        case _:
            return value
