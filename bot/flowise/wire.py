"""Parses a server-sent event stream: however its bytes are cut, the messages are the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# What may stand before the data of the first frame. `message` has no colon before Flowise 3.1.2.
_OPENS_FRAME = re.compile(rb"(?::.*|message:?\s*|event: ?\w+\s*|(?:id|retry):.*)?", re.DOTALL)
_DATA = re.compile(rb"data: ?\{")

BEGINNING = 64
"""The bytes at the start of a line that decide how much of it is held. Event names are in the first fifty."""


class LineHold(Enum):
    """How much of a line is kept in memory while it is received."""

    WHOLE = auto()
    """All of it. A frame over the limit is a failure."""
    IF_IT_FITS = auto()
    """All of it, or only its beginning where the frame is over the limit."""
    BEGINNING = auto()
    """Its first bytes: they name the event, and nothing else of it is needed."""


class FrameTooLargeError(Exception):
    """One frame is larger than the limit."""


@dataclass(frozen=True, slots=True)
class SseMessage:
    """One event of the stream. `event` is empty where the stream named none; `last_event_id` outlives its frame."""

    event: str
    data: str
    last_event_id: str = ""


class Reader:
    """Reads one stream by the rules of the HTML standard, section "Parsing an event stream".

    Lines end in LF, CR or CRLF, and in nothing else: U+2028 stands raw in Flowise's data. What is no UTF-8 becomes
    U+FFFD. A frame that the stream's end cuts off is no message.

    `hold` says, by the first BEGINNING bytes of each longer line, how much of it is needed. The rest is dropped as it
    is received; it takes no memory and does not count against the limit.
    """

    def __init__(self, frame_bytes: int, hold: Callable[[bytes], LineHold] | None = None) -> None:
        self.comments = 0
        """How many comment lines were read. Flowise's heartbeat is one."""
        self.left_out = 0
        """How many lines were too large and were dropped because the answer does not need them."""
        self._cap = frame_bytes
        self._hold_of = hold
        self._hold: LineHold | None = None
        self._line = bytearray()
        self._size = 0
        self._first = True
        self._after_cr = False
        self._event = ""
        self._data: list[str] = []
        self._last_event_id = ""

    def feed(self, chunk: bytes) -> Iterator[SseMessage]:
        """Parse the next bytes. The result must be exhausted before the next bytes are fed.

        Raises:
            FrameTooLargeError: after the messages before the frame.
        """
        if not chunk:
            return
        start = 1 if self._after_cr and chunk.startswith(b"\n") else 0
        self._after_cr = chunk.endswith(b"\r")
        for end in _LINE_END.finditer(chunk, start):
            if end.start() > start:
                self._take(chunk[start : end.start()])
            start = end.end()
            message = self._line_ended()
            if message is not None:
                yield message
        if start < len(chunk):
            self._take(chunk[start:])

    def _take(self, part: bytes) -> None:
        if self._hold is LineHold.BEGINNING:
            return
        self._size += len(part)
        self._line += part
        if self._hold is None and len(self._line) >= BEGINNING:
            self._hold = self._hold_of(bytes(self._line[:BEGINNING])) if self._hold_of else LineHold.WHOLE
        if self._size > self._cap and self._hold is LineHold.IF_IT_FITS:
            self._hold = LineHold.BEGINNING
            self.left_out += 1
        if self._hold is LineHold.BEGINNING:
            self._size -= len(self._line) - BEGINNING
            del self._line[BEGINNING:]
        if self._size > self._cap:
            raise FrameTooLargeError(f"a frame of the stream is over {self._cap} bytes (FLOWISE_FRAME_LIMIT)")

    def _line_ended(self) -> SseMessage | None:
        if not self._line:
            return self._frame_ended()
        line = bytes(self._line)
        self._line.clear()
        self._hold = None
        if self._first:
            line = line.removeprefix(_BYTE_ORDER_MARK)
            self._first = False
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

    def _frame_ended(self) -> SseMessage | None:
        self._first = False
        if not self._size:
            return None
        event, data = self._event, self._data
        self._event, self._data, self._size = "", [], 0
        return SseMessage(event, "\n".join(data), self._last_event_id) if data else None


class Opening:
    """Tells by its first bytes whether a body is an event stream as Flowise writes it, whatever it is labelled as.

    A byte order mark, empty lines, comments and the fields that a frame may open with are skipped. The first line after
    them must be `data` that holds a JSON object or follows the name of an event.

    Attributes:
        is_stream: whether it is one; None until that is known.
        is_page: that line is markup, as at the beginning of a web page.
    """

    def __init__(self) -> None:
        self.is_stream: bool | None = None
        self.is_page = False
        self._line = b""
        self._is_first = True
        self._named = False

    def feed(self, chunk: bytes) -> bool | None:
        """Look at the next bytes, which change nothing once `is_stream` is known; returns that."""
        while self.is_stream is None and (end := _LINE_END.search(chunk)):
            self._take(chunk[: end.start()], ended=True)
            chunk = chunk[end.end() :]
        if self.is_stream is None:
            self._take(chunk, ended=False)
        return self.is_stream

    def _take(self, part: bytes, *, ended: bool) -> None:
        self._line += part[: BEGINNING - len(self._line)]
        line = (self._line.removeprefix(_BYTE_ORDER_MARK) if self._is_first else self._line).lstrip()
        self.is_page = line.startswith(b"<")
        if _DATA.match(line) or (self._named and line.startswith(b"data:")):
            self.is_stream = True
        elif self.is_page or (not _OPENS_FRAME.fullmatch(line) and (ended or len(self._line) >= BEGINNING)):
            self.is_stream = False
        if ended:
            self._named = self._named or line.startswith(b"event:")
            self._line, self._is_first = b"", False
