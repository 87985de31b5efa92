"""Reads the arguments of a Web API call: from a form, from JSON or from the query, the token among them or not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeAlias

from bot.playground.slack.rules import Refusal

Args: TypeAlias = Mapping[str, object]

# In a form these are JSON in a string (Slack docs, Using the Web API).
_STRUCTURED = ("blocks", "attachments", "metadata", "chunks", "files", "loading_messages", "view")


def from_json(body: str) -> dict[str, object]:
    """Raises Refusal: invalid_json."""
    try:
        value = json.loads(body or "{}")
    except (ValueError, RecursionError):
        raise Refusal("invalid_json") from None
    if not isinstance(value, dict):
        raise Refusal("json_not_object")
    return value


def from_form(fields: Mapping[str, object]) -> dict[str, object]:
    """What cannot be read as JSON stays a string: its method has its own word for that."""
    args = dict(fields)
    for key in _STRUCTURED:
        value = args.get(key)
        if isinstance(value, str):
            try:
                args[key] = json.loads(value)
            except (ValueError, RecursionError):
                continue
    return args


def text(args: Args, key: str) -> str:
    """An argument as a string; empty where it is not given."""
    value = args.get(key)
    return "" if value is None else str(value)


def truth(args: Args, key: str) -> bool | None:
    """A boolean argument in any of its spellings; None where it is not given."""
    value = args.get(key)
    if value is None or value == "":
        return None
    return value in (True, 1, "1", "true", "True")


def whole(args: Args, key: str, default: int, most: int) -> int:
    """A number from 1 to `most`. Raises Refusal: invalid_limit."""
    try:
        value = int(text(args, key) or default)
    except ValueError:
        raise Refusal("invalid_limit") from None
    if not 1 <= value <= most:
        raise Refusal("invalid_limit")
    return value


def need(args: Args, *keys: str) -> None:
    """Raises Refusal: invalid_arguments, with a line for each argument that is missing."""
    missing = [key for key in keys if args.get(key) in (None, "")]
    if missing:
        raise Refusal("invalid_arguments", *(f"[ERROR] missing required field: {key}" for key in missing))
