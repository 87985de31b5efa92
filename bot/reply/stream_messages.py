"""Decides what is written next to the messages of a streamed answer: one is open at a time, others have ended."""

from __future__ import annotations

from dataclasses import dataclass

from bot.reply.contract import Place
from bot.reply.streams import LAST_CALL, LIFE
from bot.slack.calls import Accepted, AppendStream, Posted, StartStream, StopStream
from bot.slack.text.streaming import StreamPiece, StreamText


@dataclass(frozen=True, slots=True)
class _Open:
    """A message that is being streamed, and since when."""

    ts: str
    since: float


class StreamMessages:
    """The messages of one answer, which bring `text`; `reference` marks them.

    `ended` are the messages of which no more is streamed. `may_stand`: the reply to a start was lost, so a message of
    ours may stand whose `ts` is not known. `stop_is_late`: a stop had no permit when it was wanted, so text is appended
    before it. `ends_answer`: the write that was made last is the last one of the answer.
    """

    def __init__(self, place: Place, reference: str, text: StreamText) -> None:
        self.text = text
        self.ended: list[str] = []
        self.may_stand = False
        self.stop_is_late = False
        self.ends_answer = False
        self._place = place
        self._reference = reference
        self._open: _Open | None = None
        self._piece: StreamPiece | None = None
        self._is_full = False
        self._append_at = 0.0

    @property
    def open(self) -> str:
        """The message that is being streamed; empty where there is none."""
        return self._open.ts if self._open is not None else ""

    @property
    def nothing_stands(self) -> bool:
        """Whether nothing of the answer is seen, for sure."""
        return self._open is None and not self.ended and not self.may_stand

    def wake_times(self) -> list[float]:
        """When another write may be due."""
        lives = [] if self._open is None else [self._open.since + LIFE, self._open.since + LIFE + LAST_CALL]
        return [self._append_at, *lives]

    def hold_appends(self, until: float) -> None:
        """Append nothing before that time, by Slack's wish; a stop need not wait for it."""
        self._append_at = until

    def forget_piece(self) -> None:
        """Take the piece that was to be written last for none of the answer."""
        self._piece = None

    def next_write(self, now: float, *, ended: bool) -> StartStream | AppendStream | StopStream | None:
        """The next write; None where there is nothing to bring. `ended`: all of the answer has come."""
        self.ends_answer = False
        channel, stream = self._place.channel, self._open
        if self._is_full and stream is not None:
            self._piece = None
            return StopStream(channel, stream.ts)
        age = now - stream.since if stream is not None else 0.0
        self._piece = piece = self.text.piece(growing=not ended, ends_soon=age >= LIFE)
        if stream is None:
            return self._start(piece) if piece is not None else None
        if piece is None or not self.stop_is_late:
            # The piece after which no message has room is added first: only then is it known what is left.
            self.ends_answer = ended and (piece is None or (piece.whole and not piece.is_last))
            if self.ends_answer:
                return StopStream(channel, stream.ts, piece.markdown if piece is not None else self.text.closing)
            if (piece is not None and piece.full) or age >= LIFE + (LAST_CALL if piece is not None else 0):
                return self._stop(stream, piece)
        if piece is None or now < self._append_at:
            return None
        return AppendStream(channel, stream.ts, piece.markdown)

    def _start(self, piece: StreamPiece) -> StartStream:
        return StartStream(
            channel=self._place.channel,
            thread_ts=self._place.thread_ts or "",
            user=self._place.user,
            team=self._place.team,
            markdown=piece.markdown,
            mark=f"{self._reference}-{len(self.ended)}",
            since=self._place.since,
        )

    def _stop(self, stream: _Open, piece: StreamPiece | None) -> StopStream:
        """The last call of a message after which another one follows."""
        markdown = piece.markdown if piece is not None else ""
        closing = "" if piece is not None and piece.full else (piece.state.closed if piece else self.text.closing)
        return StopStream(self._place.channel, stream.ts, markdown + closing)

    def taken(self, call: object, result: Posted | Accepted, now: float) -> None:
        """Note that Slack has taken the write. Of a message that has ended, `text` is to be closed by the caller."""
        if self._piece is not None:
            self.text.taken(self._piece)
        if isinstance(call, StartStream) and isinstance(result, Posted):
            self._open = _Open(result.ts, now)
        elif isinstance(call, AppendStream):
            self._is_full = self._piece is not None and self._piece.full
        elif isinstance(call, StopStream):
            self.stop_is_late = self._is_full = False
            self.ended.append(call.ts)
            self._open = None
