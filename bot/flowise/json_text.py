"""Knows how to read JSON that strangers wrote: every fault is a ValueError, every string can be encoded again."""

from __future__ import annotations

import json

from pydantic_core import from_json

# The fast reader's own limit, so that both read the same.
_DEEPEST = 200


def read_json(text: str) -> object:
    """The value of a JSON text.

    Raises:
        ValueError: it is no JSON, or nested too deeply.
    """
    try:
        value: object = from_json(text)
    except ValueError:
        # JavaScript writes half of a surrogate pair as an escape, which only the slow reader takes: a token may end
        # in the middle of an emoji.
        if "\\ud" not in text and "\\uD" not in text:
            raise
        try:
            return _encodable(json.loads(text))
        except RecursionError:
            raise ValueError("nested too deeply") from None
    return value


def _encodable(value: object, depth: int = 0) -> object:
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_encodable(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item, depth + 1) for key, item in value.items()}
    return value
