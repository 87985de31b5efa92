"""Writes stored values as JSON, and reads them back whichever version of this program wrote them.

While replicas are being updated, two versions read each other's notes. So a field that a version does not know is
ignored, at every level, and a field that is added later needs a default, or older notes cannot be read. Anything else
(other types, truncated text, bytes that are not text) raises `Unreadable` and no other error.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from bot.errors import Unreadable
from bot.records.thread import Conversation

N = TypeVar("N")

# Whole numbers up to here are the same in JSON, in Lua and in Python.
_DIGITS = 15
# As bot/store/scripts.py reads it.
_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,12}")


def encoded(value: object) -> str:
    """A frozen dataclass as JSON: an Item, an OpenAnswer, an UnansweredQuestion, a Run, or what a surface received."""
    return json.dumps(asdict(cast("Any", value)))


def decoded(kind: type[N], text: str | bytes) -> N:
    """The value of that kind that a note contains. Raises Unreadable."""
    return cast("N", _value(kind, parsed(text)))


def parsed(text: str | bytes) -> object:
    """The parsed JSON of a note. Raises Unreadable, also for bytes that are not UTF-8."""
    try:
        # Bytes that were not UTF-8 arrive as lone surrogates (bot.store.connections).
        data = text.encode() if isinstance(text, str) else text
        return json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not the JSON of a note ({type(error).__name__})") from None


def printable(name: str) -> str:
    """The name of a key in a form that can be logged, even if it is damaged."""
    return name.encode("ascii", "backslashreplace").decode()


def conversation(kept: Mapping[str, str]) -> Conversation | None:
    """The conversation in a hash; None if it is empty. A field that cannot be read counts as missing: the thread
    continues, if necessary with a new chat."""
    if not kept:
        return None
    chat_id, chatflow_id = _text(kept, "chat_id"), _text(kept, "chatflow_id")
    return Conversation(
        chat_id=chat_id if chatflow_id else "",
        chatflow_id=chatflow_id,
        generation=_count(kept.get("generation", "")),
        created_at=_moment(kept.get("created_at", "")),
        used_at=_moment(kept.get("used_at", "")),
        quiet=kept.get("quiet") == "1",
        answered=kept.get("answered") == "1",
        context_since=since if _TS.fullmatch(since := kept.get("context_since", "")) else "",
        answered_chat=_text(kept, "answered_chat"),
        asks=kept.get("asks") == "1",
        left_out=tuple(filter(_TS.fullmatch, kept.get("left_out", "").split())),
        files=_text(kept, "files"),
        flow=_text(kept, "flow"),
    )


def _value(kind: Any, found: object) -> object:
    """The value found, as the type that a field is declared with."""
    if get_origin(kind) in {Union, UnionType}:  # what may be None
        others = [one for one in get_args(kind) if one is not type(None)]
        return None if found is None and len(others) < len(get_args(kind)) else _value(others[0], found)
    if is_dataclass(kind) and isinstance(found, dict):
        return _fields_of(cast("type", kind), found)
    if get_origin(kind) is tuple and isinstance(found, list):
        [each, _] = get_args(kind)
        return tuple(_value(each, one) for one in found)
    if kind is float and type(found) is int and len(str(abs(found))) <= _DIGITS:
        return float(found)
    if type(found) is kind and kind in {str, int, bool}:
        return found
    if kind is float and isinstance(found, float) and math.isfinite(found):
        return found
    raise Unreadable(f"{type(found).__name__} where {getattr(kind, '__name__', kind)} is expected")


def _fields_of(kind: type, found: Mapping[str, object]) -> object:
    hints = _hints(kind)
    given: dict[str, object] = {}
    for field in fields(cast("Any", kind)):
        if field.name in found:
            given[field.name] = _value(hints[field.name], found[field.name])
        elif field.default is MISSING and field.default_factory is MISSING:
            raise Unreadable(f"{kind.__name__}: without {field.name}")
    return kind(**given)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _text(kept: Mapping[str, str], name: str) -> str:
    text = kept.get(name, "")
    return text if text.isprintable() else ""  # a lone surrogate is not


def _count(digits: str) -> int:
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= _DIGITS else 0


def _moment(digits: str) -> float:
    try:
        moment = float(digits)
    except ValueError:
        return 0.0
    return moment if math.isfinite(moment) else 0.0
