"""Knows how an answer is written by Slack's own streaming, and how it goes on by edits where that fails.

Slack says little about streams and ends them for reasons of its own. Whatever is uncertain, a lost answer or a refusal,
is settled in one way: the stream is stopped, and the message that it has made is written anew by edits, and so on from
there. The messages before it have ended well and are left alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.flowise.events import CalledTools, Token
from bot.reply.answer import Answer
from bot.reply.attachment import Attachment
from bot.reply.contract import Place, ReplyEvent
from bot.reply.edited import EditedReply, Standing
from bot.reply.pace import BACKOFF, Pace
from bot.reply.policy import Kind, Want
from bot.reply.status import StatusLine
from bot.reply.streams import LAST_CALL, LIFE, PATIENCE, Mode, Streams
from bot.slack.calls import (
    Accepted,
    AppendStream,
    Call,
    Limited,
    Lost,
    Posted,
    Refused,
    Result,
    SetStatus,
    StartStream,
    StopStream,
    UploadFile,
    method_of,
)
from bot.slack.streaming import Piece, StreamText

# Slack's answer when a person has pressed its stop button: the answer is not wanted any more.
_STOPPED = "stopped_by_user"
# A longer silence than that, in seconds, and the answer goes on by edits.
_SHORT = 5.0


@dataclass(frozen=True, slots=True)
class _Open:
    """A message that is being streamed, and since when."""

    ts: str
    since: float


class StreamedReply:
    """A `Reply` that streams, in at most `most` messages; where it may not or cannot, it goes on as an `EditedReply`.

    It does so too where a stream would have to wait for its turn: at all in `streams`' mode AUTO, for PATIENCE seconds
    in STREAM.
    """

    def __init__(self, place: Place, *, reference: str, interval: float, most: int, streams: Streams) -> None:
        self._place = place
        self._reference = reference
        self._interval = interval
        self._most = most
        self._streams = streams
        self._text = StreamText(most=most)
        self._answer = Answer(self._text)
        self._attachment = Attachment(place)
        self._pace = Pace(interval)
        self._status = StatusLine(place.channel, place.thread_ts, works=place.thread_ts is not None)
        self._before: list[ReplyEvent] = []
        """What has come beside the text, before its last word."""
        self._after: list[ReplyEvent] = []
        self._stream: _Open | None = None
        self._ended: list[str] = []
        self._offered: Call | None = None
        self._piece: Piece | None = None
        self._last: StopStream | None = None
        self._stop_is_late = False
        """A stop had no leave when it was wanted: words go out before it."""
        self._is_full = False
        self._unseen_since: float | None = None
        self._seen = 0
        self._losses = 0
        self._over = False
        self._given_up = ""
        self._edited: EditedReply | None = None

    # The contract -----------------------------------------------------------------------------------------------

    def receive(self, event: ReplyEvent, now: float) -> None:
        if self._edited is not None:
            self._edited.receive(event, now)
            return
        if isinstance(event, Token):
            self._before += self._after
            self._after = []
        else:
            self._after.append(event)
        if self._unseen_since is None:
            self._unseen_since = now
        self._status.receive(event, now)
        self._answer.receive(event)

    def next_call(self, now: float) -> Call | None:
        if self._edited is None and not self._over:
            self._offered = self._next_call(now)
        if self._edited is not None:
            return self._edited.next_call(now)
        return None if self._over else self._offered

    def want(self, now: float) -> Want:
        if self._edited is not None:
            return self._edited.want(now)
        kind = Kind.ENDING
        if not self._answer.ended:
            kind = Kind.FIRST if isinstance(self._offered, StartStream) else Kind.PROGRESS
        return Want(
            method=method_of(self._offered) if self._offered else "",
            channel=self._place.channel,
            kind=kind,
            since=now if self._unseen_since is None else self._unseen_since,
            unseen=self._answer.length - self._seen,
            last_write=self._pace.wrote_at,
            answer=self._reference,
            waits=self._waits_for(self._offered, now),
        )

    def _waits_for(self, call: Call | None, now: float) -> bool:
        match call:
            case StartStream():
                since = now if self._unseen_since is None else self._unseen_since
                return self._streams.mode is Mode.STREAM and now - since < PATIENCE
            case StopStream(markdown=markdown):
                # Words that a stop has no leave to bring can be appended before it.
                return self._stop_is_late or not markdown.strip()
        return True

    def answered(self, call: Call, result: Result, now: float) -> None:
        if self._edited is not None:
            self._edited.answered(call, result, now)
            return
        match call:
            case SetStatus():
                self._status.answered(call, result, now)
                return
            case UploadFile():
                if not self._waits(result, now):
                    self._attachment.settled(self._answer, result)
                return
        self._pace.wrote(now)
        match result:
            case Posted(found=False) | Accepted():
                self._stands(call, result, now)
            case _:
                self._failed(call, result, now)

    def wake_at(self, now: float) -> float | None:
        if self._edited is not None:
            return self._edited.wake_at(now)
        times = [self._pace.held_until]
        if self._stream is not None:
            times += [self._stream.since + LIFE, self._stream.since + LIFE + LAST_CALL]
        if self._answer.ended or self._text.piece(growing=True) is not None:
            times.append(self._pace.may_write_at(ended=self._answer.ended))
        if (change := self._status.wake_at(self._answer)) is not None:
            times.append(change)
        later = [time for time in times if time > now]
        return min(later) if later and not self._over else None

    @property
    def done(self) -> bool:
        return self._edited.done if self._edited is not None else self._over

    @property
    def given_up(self) -> str:
        return self._edited.given_up if self._edited is not None else self._given_up

    # What comes next ----------------------------------------------------------------------------------------------

    def _next_call(self, now: float) -> Call | None:
        nothing_stands = self._stream is None and not self._ended
        # An answer that is whole before its first words were shown is posted whole.
        if nothing_stands and (self._answer.ended or not self._streams.is_open_to(self._place, now)):
            self._go_on_by_edits(now)
            return None
        write = self._next_write(now)
        # A new message takes the status away by itself.
        if isinstance(write, StartStream):
            return write
        return self._status.next_call(self._answer, now, post_is_due=lambda: False) or write

    def _next_write(self, now: float) -> Call | None:
        if now < self._pace.may_write_at(ended=self._answer.ended):
            return None
        if self._is_full and self._stream is not None:
            self._piece = None
            return StopStream(self._place.channel, self._stream.ts)
        age = now - self._stream.since if self._stream is not None else 0.0
        self._piece = piece = self._text.piece(growing=not self._answer.ended, ends_soon=age >= LIFE)
        if self._stream is None:
            return self._begin(piece, now)
        if piece is None or not self._stop_is_late:
            if self._answer.ended and (piece is None or piece.whole):
                return self._attachment.next_call(self._answer) or self._finish(self._stream, piece)
            if (piece is not None and piece.full) or age >= LIFE + (LAST_CALL if piece is not None else 0):
                return self._stop(self._stream, piece)
        return AppendStream(self._place.channel, self._stream.ts, piece.markdown) if piece is not None else None

    def _begin(self, piece: Piece | None, now: float) -> Call | None:
        """The first call of a message; or, when the answer has ended after its last message had, what it lacks yet."""
        if piece is not None:
            return StartStream(
                channel=self._place.channel,
                thread_ts=self._place.thread_ts or "",
                user=self._place.user,
                team=self._place.team,
                markdown=piece.markdown,
                mark=f"{self._reference}-{len(self._ended)}",
            )
        if self._answer.ended and not self._over:
            if self._answer.footer():
                self._go_on_by_edits(now, self._ended[-1])
            else:
                self._over = True
        return None

    def _finish(self, stream: _Open, piece: Piece | None) -> StopStream:
        """The last call of the answer."""
        markdown = piece.markdown if piece is not None else self._text.closing
        self._last = StopStream(self._place.channel, stream.ts, markdown, self._answer.footer())
        return self._last

    def _stop(self, stream: _Open, piece: Piece | None) -> StopStream:
        """The last call of a message after which another one follows."""
        markdown = piece.markdown if piece is not None else ""
        closing = "" if piece is not None and piece.full else (piece.state.closed if piece else self._text.closing)
        return StopStream(self._place.channel, stream.ts, markdown + closing)

    # What came of it ------------------------------------------------------------------------------------------------

    def _stands(self, call: Call, result: Posted | Accepted, now: float) -> None:
        self._losses = 0
        self._unseen_since, self._seen = None, self._answer.length
        if self._piece is not None:
            self._text.taken(self._piece)
        if isinstance(call, StartStream) and isinstance(result, Posted):
            self._stream = _Open(result.ts, now)
            self._status.posted()
        elif isinstance(call, AppendStream):
            self._is_full = self._piece is not None and self._piece.full
        elif isinstance(call, StopStream):
            self._stop_is_late = self._is_full = False
            self._ended.append(call.ts)
            self._stream = None
            self._text.close()
            self._over = call is self._last

    def _waits(self, result: Result, now: float) -> bool:
        """Whether the same call is made again later."""
        match result:
            case Limited(retry_after=seconds):
                self._pace.hold(now + seconds)
            case Lost() if self._losses < len(BACKOFF):
                self._pace.hold(now + BACKOFF[self._losses])
                self._losses += 1
            case _:
                return False
        return True

    def _failed(self, call: Call, result: Result, now: float) -> None:
        match call, result:
            case _, Refused(error=code) if code == _STOPPED:
                self._over, self._given_up = True, "somebody has stopped it"
            case StartStream(), Posted(ts=ts):
                self._go_on_by_edits(now, ts, streaming=True)  # of a lost start: it shows an earlier piece
            case StartStream(), Refused(error=code):
                self._streams.refused(self._place, code, now)
                self._go_on_by_edits(now)
            case StopStream(), Limited() if not self._waits_for(call, now):
                self._stop_is_late = True
            case StartStream(), Limited() if not self._waits_for(call, now):
                self._go_on_by_edits(now)
            case AppendStream(ts=ts), Limited(retry_after=seconds) if seconds > _SHORT:
                self._go_on_by_edits(now, ts, streaming=True)
            case AppendStream(ts=ts), Lost() | Refused():
                self._go_on_by_edits(now, ts, streaming=isinstance(result, Lost))
            case StopStream(ts=ts), Lost() | Refused():
                self._go_on_by_edits(now, ts)
            case _:
                if not self._waits(result, now):
                    self._go_on_by_edits(now)

    def _go_on_by_edits(self, now: float, adopted: str = "", *, streaming: bool = False) -> None:
        """Write the rest by edits; `adopted` is the last message, if it must be written anew."""
        has_ended = adopted in self._ended
        is_known = has_ended or (self._stream is not None and adopted == self._stream.ts)
        self._edited = EditedReply(
            self._place,
            reference=self._reference,
            interval=self._interval,
            has_status=self._status.works,
            most=max(2, self._most - len(self._ended) + has_ended),
            standing=Standing(
                messages=(adopted,) if adopted else (),
                streaming=adopted if streaming else "",
                status=self._status,
                pace=self._pace,
            ),
        )
        for event in self._replayed(last_message=is_known):
            self._edited.receive(event, now)

    def _replayed(self, *, last_message: bool) -> list[ReplyEvent]:
        """What has come, with that text alone which must be written by edits."""
        parts = self._text.unsettled(last_message=last_message)
        text: list[ReplyEvent] = [Token(parts[0])]
        for part in parts[1:]:
            text += [CalledTools(("",)), Token(part)]  # a new paragraph
        return [*self._before, *text, *self._after]
