"""Checks what a JSON value looks like: small checks that are put together into the shape of a block."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

Check: TypeAlias = Callable[[object, str], None]
"""Takes a value and its JSON pointer; raises Fault where the value is not of the shape."""


class ShapeFault(Exception):
    """A value is not of the shape it should have. The text is in the manner of Slack's own messages."""

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(f"[ERROR] {reason} [json-pointer:{pointer}]")


def string(most: int, least: int = 1, pattern: str = "") -> Check:
    """A string of `least` to `most` characters that matches `pattern` as a whole."""

    def check(value: object, pointer: str) -> None:
        if not isinstance(value, str):
            raise ShapeFault(pointer, "must be a string")
        if len(value) < least:
            raise ShapeFault(pointer, f"must be more than {least - 1} characters")
        if len(value) > most:
            raise ShapeFault(pointer, f"must be less than {most + 1} characters")
        if pattern and not re.fullmatch(pattern, value):
            raise ShapeFault(pointer, f"must match pattern {pattern}")

    return check


def boolean(value: object, pointer: str) -> None:
    if not isinstance(value, bool):
        raise ShapeFault(pointer, "must be a boolean")


def integer(least: int, most: int) -> Check:
    def check(value: object, pointer: str) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ShapeFault(pointer, f"must be an integer from {least} to {most}")

    return check


def number(value: object, pointer: str) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ShapeFault(pointer, "must be a number")


def word(*allowed: str) -> Check:
    def check(value: object, pointer: str) -> None:
        if value not in allowed:
            raise ShapeFault(pointer, f"must be a valid enum value: {', '.join(allowed)}")

    return check


def nullable(inner: Check) -> Check:
    def check(value: object, pointer: str) -> None:
        if value is not None:
            inner(value, pointer)

    return check


def listed(inner: Check, least: int = 1, most: int = 10_000) -> Check:
    def check(value: object, pointer: str) -> None:
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise ShapeFault(pointer, "must be an array")
        if len(value) < least:
            raise ShapeFault(pointer, f"no fewer than {least} items allowed")
        if len(value) > most:
            raise ShapeFault(pointer, f"no more than {most} items allowed")
        for index, item in enumerate(value):
            inner(item, f"{pointer}/{index}")

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object that has all of `required`, may have `optional`, and nothing else besides its `type`."""
    known = {**required, **(optional or {})}

    def check(value: object, pointer: str) -> None:
        if not isinstance(value, Mapping):
            raise ShapeFault(pointer, "must be an object")
        for key in required:
            if key not in value:
                raise ShapeFault(pointer, f"missing required field: {key}")
        for key, item in value.items():
            if key in known:
                known[key](item, f"{pointer}/{key}")
            elif key != "type":
                raise ShapeFault(pointer, f"invalid additional property: {key}")

    return check


def variant(kinds: Mapping[str, Check]) -> Check:
    """An object whose `type` says which of the shapes it has."""

    def check(value: object, pointer: str) -> None:
        kind = value.get("type") if isinstance(value, Mapping) else None
        if not isinstance(kind, str) or kind not in kinds:
            raise ShapeFault(pointer, f"unsupported type: {kind}")
        kinds[kind](value, pointer)

    return check
