"""Knows the bytes of a server-sent event stream: fed in any cut, gives the messages that the whole would give."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class FrameTooLargeError(Exception):
    """One frame has more bytes than we are ready to hold."""


@dataclass(frozen=True, slots=True)
class Message:
    """One event of the stream. `event` is empty where the stream named none; `last_event_id` outlives its frame."""

    event: str
    data: str
    last_event_id: str = ""


class Reader:
    """Reads one stream by the rules of the HTML standard, section "Parsing an event stream".

    Lines end in LF, CR or CRLF, and in nothing else: U+2028 stands raw in Flowise's data. What is no UTF-8 becomes
    U+FFFD. A frame that the stream's end cuts off is no message.
    """

    def __init__(self, frame_bytes: int) -> None:
        self.comments = 0
        """How many comment lines were read. Flowise's heartbeat is one."""
        self._cap = frame_bytes
        self._line = bytearray()
        self._size = 0
        self._first = True
        self._after_cr = False
        self._event = ""
        self._data: list[str] = []
        self._last_event_id = ""

    def feed(self, chunk: bytes) -> Iterator[Message]:
        """Take the next bytes. The result must be used up before the next bytes are fed.

        Raises:
            FrameTooLargeError: after the messages that stood before the frame.
        """
        if not chunk:
            return
        start = 1 if self._after_cr and chunk.startswith(b"\n") else 0
        self._after_cr = chunk.endswith(b"\r")
        for end in _LINE_END.finditer(chunk, start):
            self._hold(chunk[start : end.start()])
            start = end.end()
            message = self._line_ended()
            if message is not None:
                yield message
        self._hold(chunk[start:])

    def _hold(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._cap:
            raise FrameTooLargeError(f"a frame of the stream is over {self._cap} bytes (FLOWISE_FRAME_LIMIT)")
        self._line += part

    def _line_ended(self) -> Message | None:
        line = bytes(self._line)
        self._line.clear()
        if self._first:
            self._first = False
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if not line:
            return self._frame_ended()
        if line.startswith(b":"):
            self.comments += 1
        else:
            self._field(line)
        return None

    def _field(self, line: bytes) -> None:
        name, _, raw = line.partition(b":")
        # One space belongs to the syntax, the next ones to the data.
        value = raw.removeprefix(b" ").decode("utf-8", "replace")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._event = value
        elif name == b"id" and "\0" not in value:
            self._last_event_id = value
        # Any other name is to be ignored: `retry`, because we never ask again, and the `message` that opens each
        # frame of Flowise (without its colon before 3.1.2).

    def _frame_ended(self) -> Message | None:
        event, data = self._event, self._data
        self._event, self._data, self._size = "", [], 0
        return Message(event, "\n".join(data), self._last_event_id) if data else None
