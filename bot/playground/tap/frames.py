"""Splits the bytes of a stream into frames to be shown; it delays none of them and changes none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 4_000
"""Characters of a frame that are kept to be shown. Frames of 300 kB are normal (measured on Flowise 3.1.4)."""

# UTF-8 has four bytes a character at the most. The rest is for what stands before the data, and so that a key which
# stands across the end of what is shown is whole, and is found.
_HEAD = 4 * LONGEST + 1_000
# A blank line. Flowise ends lines with LF; something between may have made CRLF of it.
_BLANK = re.compile(rb"\n\r?\n")
_BEFORE_BLANK = 2
# Flowise's event stands inside the JSON, first. Within the text of a token the quotes would be escaped.
_EVENT = re.compile(r'"event"\s*:\s*"(\w+)"')


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it came.

    `event` is Flowise's own word, `heartbeat` or `comment` for what is no event, `message` where there is none. `data`
    is the text of its data, of a large frame the beginning: more than is to be shown. `size` is in bytes. `says` is
    true for a token that is not empty.
    """

    event: str
    data: str
    size: int
    says: bool = False


@dataclass(frozen=True, slots=True)
class FramePiece:
    """Some bytes of a stream, and the frame that ends with them, if one does."""

    data: bytes
    frame: Frame | None = None


class Frames:
    """Cuts a stream at the ends of its frames. The pieces put together are the stream."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._size = 0
        self._tail = b""

    @property
    def between(self) -> bool:
        """Whether what has been fed ends with the end of a frame."""
        return not self._size

    def feed(self, chunk: bytes) -> Iterator[FramePiece]:
        """The pieces of the bytes that have come."""
        before, start = len(self._tail), 0
        joined = self._tail + chunk
        for blank in _BLANK.finditer(joined):
            end = blank.end() - before
            data, start = chunk[start:end], end
            self._add(data)
            yield FramePiece(data, self._closed())
        self._tail = joined[before + start :] if start else joined
        self._tail = self._tail[-_BEFORE_BLANK:]
        if rest := chunk[start:]:
            self._add(rest)
            yield FramePiece(rest)

    def _add(self, data: bytes) -> None:
        self._head += data[: max(0, _HEAD - len(self._head))]
        self._size += len(data)

    def _closed(self) -> Frame:
        frame = _read(self._head.decode("utf-8", "replace"), self._size, whole=self._size == len(self._head))
        self._head.clear()
        self._size = 0
        return frame


def _read(text: str, size: int, *, whole: bool) -> Frame:
    # Not splitlines: JSON may hold a raw U+2028, which is no end of a line here.
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    data = "\n".join(line[5:].removeprefix(" ") for line in lines if line.startswith("data:"))
    if not data:
        comment = next((line for line in lines if line.startswith(":")), "")
        named = "heartbeat" if comment.startswith(":heartbeat") else "comment" if comment else "message"
        return Frame(named, comment, size)
    value = _json(data) if whole else None
    if isinstance(value, dict) and isinstance(value.get("event"), str):
        event, says = value["event"], bool(value.get("data"))
    else:
        known = _EVENT.search(data)
        event, says = known[1] if known else "message", not whole
    return Frame(event, data, size, says=says and event == "token")


def _json(text: str) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value
