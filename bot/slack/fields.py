"""Reads fields of Slack's JSON, which may hold anything."""

from __future__ import annotations

from collections.abc import Mapping


def string(values: Mapping[str, object], key: str) -> str:
    """A string; empty where there is none."""
    value = values.get(key)
    return value if isinstance(value, str) else ""


def part(values: Mapping[str, object], key: str) -> Mapping[str, object]:
    """An object; empty where there is none."""
    value = values.get(key)
    return value if isinstance(value, Mapping) else {}
