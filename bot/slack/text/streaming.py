"""Cuts an answer's Markdown into pieces for streamed messages: harmless, and each complete by itself.

A streamed message can only be added to, so its text is sent from left to right. Lines of code and rows of tables are
sent whole, other text by words. A full message ends after a paragraph where possible; a code block that is cut is
opened again in the next one, and a table gets its header again.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.slack.text.escaping import clean, waits_for_more
from bot.slack.text.limits import STREAM_BYTES, STREAM_FULL
from bot.slack.text.neutralise import SEAM, kept_apart
from bot.slack.text.scanning import BREAK, Scan, ScanState

# Room for what closes a code block.
_CLOSING = 210


@dataclass(frozen=True, slots=True)
class StreamPiece:
    """Markdown that can be added to the message now.

    `full`: the message ends with it, and another one follows. `whole`: it shows all the text so far. `is_last`: it
    fills the last message. `end` and `state` are the place in the source after it, and what is open there.
    """

    markdown: str
    full: bool
    whole: bool
    end: int
    state: ScanState
    is_last: bool


class StreamText:
    """An answer's growing Markdown for streamed messages: `most` of them at most."""

    def __init__(self, *, most: int | None = None) -> None:
        self._most = most
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget all that was added; what was sent must be written anew by other means."""
        self._source = ""
        """The text from the beginning of the current message."""
        self._at = 0
        """The text before this place of the source was sent."""
        self._begin = self._state = ScanState()
        self._used = 0
        self._end = ""
        """The end of the current message."""
        self._number = 1
        self._closed = False
        self._is_over = False
        self._waiting = ""

    def append(self, markdown: str) -> None:
        text = self._waiting + markdown
        self._waiting = text[-1:] if text and waits_for_more(text[-1]) else ""
        self._source += clean(text.removesuffix(self._waiting))

    def paragraph_break(self) -> None:
        self._source += clean(self._waiting) + BREAK
        self._waiting = ""

    def shows(self, *, growing: bool) -> bool:
        return self._number > 1 or self._used > 0 or self.piece(growing=growing) is not None

    def rest(self) -> str:
        if not self._is_over:
            return ""
        return self._state.reopened + (self._source[self._at :] + clean(self._waiting)).replace(BREAK, "\n\n")

    def unsettled(self, *, last_message: bool) -> tuple[str, ...]:
        """The Markdown that may not be in Slack: all after the last message, or with `last_message` that one too.

        Between its parts a paragraph ends.
        """
        state, start = (self._begin, 0) if last_message else (self._state, self._at)
        return tuple((state.reopened + self._source[start:] + self._waiting).split(BREAK))

    @property
    def message(self) -> tuple[str, ...]:
        """The Markdown of the current message as far as it was sent. Between its parts a paragraph ends."""
        return tuple((self._begin.reopened + self._source[: self._at]).split(BREAK))

    # Taking pieces ----------------------------------------------------------------------------------------------

    def piece(self, *, growing: bool, ends_soon: bool = False) -> StreamPiece | None:
        """The next piece, None if there is none. `ends_soon`: the message is to end after the next paragraph."""
        if self._is_over:
            return None
        begins = self._closed or not self._used
        stands = "" if begins else self._end
        opening = self._state.reopened if begins else ""
        shown, state, end = opening, self._state, self._at
        used, full = 0 if begins else self._used, False
        used += len(opening.encode())
        source = self._source if growing else self._source + clean(self._waiting)
        for step in Scan(source, self._at, self._state, final=not growing).steps():
            added = kept_apart(stands + shown[-SEAM:], step.shown)
            used += len(added.encode())
            if used > STREAM_BYTES - _CLOSING:
                full = True
                break
            shown, state, end = shown + added, step.state, step.end
            if step.ends_paragraph and used > (0 if ends_soon else STREAM_FULL):
                full = growing or end < len(source)
                break
        if not full and not shown[len(opening) :].strip():
            return None
        is_last = self._number + self._closed == self._most
        whole = end == len(source) or (full and is_last)
        if full or (whole and not growing):
            closed = state.closed.lstrip("\n")
            shown = shown.rstrip("\n") + (f"\n{closed}" if closed else "")
        return StreamPiece(
            shown.lstrip("\n") if begins else shown, full and not is_last, whole, end, state, full and is_last
        )

    def taken(self, piece: StreamPiece) -> None:
        """Note that Slack has accepted a piece."""
        start = 0
        if self._closed:
            start = self._at
            self._source = self._source[start:]
            self._begin, self._used, self._end, self._closed = self._state, 0, "", False
            self._number += 1
        self._at, self._state = min(piece.end - start, len(self._source)), piece.state
        self._used += max(1, len(piece.markdown.encode()))
        self._end = (self._end + piece.markdown)[-SEAM:]
        self._is_over = piece.is_last

    @property
    def closing(self) -> str:
        """The Markdown that closes a message which ends here without another piece."""
        return "" if self._is_over else self._state.closed

    def close(self) -> None:
        """Note that the message has ended; the next piece begins another."""
        self._closed = True
        self._is_over = self._number == self._most
