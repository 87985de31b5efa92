"""Knows how an answer is written by Slack's own streaming, as far as that goes.

Slack says little about streams and ends them for reasons of its own. Whatever is uncertain, a lost answer or a refusal,
is settled in one way: the stream is given up, and what must be done by other means is told by `left`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.flowise.events import Token
from bot.pacing.permits import Kind, Want
from bot.reply.answer import Answer
from bot.reply.attachment import Attachment
from bot.reply.beside import Beside
from bot.reply.contract import ParagraphBreak, Place, ReplyEvent
from bot.reply.edited import Standing
from bot.reply.pace import BACKOFF, Pace
from bot.reply.status import StatusLine
from bot.reply.streams import LAST_CALL, LIFE, PATIENCE, Mode, StreamSupport
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
from bot.slack.text.streaming import StreamPiece, StreamText

# Slack's answer when a person has pressed its stop button: the answer is not wanted any more.
_STOPPED = "stopped_by_user"
# A longer silence than that, in seconds, and the stream is given up.
_SHORT = 5.0


@dataclass(frozen=True, slots=True)
class _Open:
    """A message that is being streamed, and since when."""

    ts: str
    since: float


@dataclass(frozen=True, slots=True)
class Unstreamed:
    """What is left of an answer whose streaming was given up: what `standing` tells, and the `events` that are not
    settled. `ended` messages of it have ended well."""

    standing: Standing
    ended: int
    events: tuple[ReplyEvent, ...]


class StreamedReply:
    """A `Reply` that streams, in at most `most` messages, until it has ended or has given up (`left`).

    It gives up where a stream may not be, where it fails, and where it would have to wait for its turn: at all in
    `streams`' mode AUTO, for PATIENCE seconds in STREAM.
    """

    def __init__(self, place: Place, *, reference: str, interval: float, most: int, streams: StreamSupport) -> None:
        self.left: Unstreamed | None = None
        self._place = place
        self._reference = reference
        self._streams = streams
        self._text = StreamText(most=most)
        self._answer = Answer(self._text)
        self._attachment = Attachment(place)
        self._pace = Pace(interval)
        self._status = StatusLine(place.channel, place.thread_ts, works=place.thread_ts is not None)
        self._before = Beside()
        """What has come beside the text, before its last word."""
        self._after = Beside()
        self._stream: _Open | None = None
        self._ended: list[str] = []
        self._offered: Call | None = None
        self._piece: StreamPiece | None = None
        self._last: StopStream | None = None
        self._is_finished = False
        """The last call of the answer has gone through; only a file may be left."""
        self._stop_is_late = False
        """A stop had no leave when it was wanted: words go out before it."""
        self._is_full = False
        self._may_stand = False
        """The answer to a start was lost: a message of ours may stand there that we know nothing of."""
        self._unseen_since: float | None = None
        self._seen = 0
        self._losses = 0
        self._over = False
        self._given_up = ""

    # The contract -----------------------------------------------------------------------------------------------

    def receive(self, event: ReplyEvent, now: float) -> None:
        if isinstance(event, Token):
            self._before.add_all(self._after)
            self._after = Beside()
        else:
            self._after.add(event)
        if self._unseen_since is None:
            self._unseen_since = now
        self._status.receive(event, now)
        self._answer.receive(event)

    def next_call(self, now: float) -> Call | None:
        self._offered = None if self._over else self._next_call(now)
        return self._offered

    def want(self, now: float) -> Want:
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
                return self._may_stand or (self._streams.mode is Mode.STREAM and now - since < PATIENCE)
            case StopStream(markdown=markdown):
                # Words that a stop has no leave to bring can be appended before it.
                return self._stop_is_late or not markdown.strip()
            case SetStatus():
                return False
        return True

    def answered(self, call: Call, result: Result, now: float) -> None:
        match call:
            case SetStatus():
                self._status.answered(call, result, now)
                return
            case UploadFile():
                if not self._waits(result, now):
                    self._attachment.settled(self._answer, result)
                return
        self._pace.wrote(now)
        if isinstance(call, StartStream) and not isinstance(result, Limited):
            self._may_stand = isinstance(result, Lost)
        match result:
            case Posted(found=False) | Accepted():
                self._stands(call, result, now)
            case _:
                self._failed(call, result, now)

    def wake_at(self, now: float) -> float | None:
        times = [self._pace.held_until]
        if self._stream is not None:
            times += [self._stream.since + LIFE, self._stream.since + LIFE + LAST_CALL]
        if self._answer.ended or self._unseen_since is not None:
            times.append(self._pace.may_write_at(ended=self._answer.ended))
        if (change := self._status.wake_at(self._answer)) is not None:
            times.append(change)
        later = [time for time in times if time > now]
        return min(later) if later and not self._over else None

    @property
    def done(self) -> bool:
        return self._over

    @property
    def given_up(self) -> str:
        return self._given_up

    # What comes next ----------------------------------------------------------------------------------------------

    def _next_call(self, now: float) -> Call | None:
        nothing_stands = self._stream is None and not self._ended and not self._may_stand
        # An answer that is whole before its first words were shown is posted whole.
        if nothing_stands and (self._answer.ended or not self._streams.is_open_to(self._place, now)):
            self._give_up()
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
            return self._begin(piece)
        if piece is None or not self._stop_is_late:
            # The piece after which no message has room is added first: only then is it known what is left.
            if self._answer.ended and (piece is None or (piece.whole and not piece.is_last)):
                return self._finish(self._stream, piece)
            if (piece is not None and piece.full) or age >= LIFE + (LAST_CALL if piece is not None else 0):
                return self._stop(self._stream, piece)
        return AppendStream(self._place.channel, self._stream.ts, piece.markdown) if piece is not None else None

    def _begin(self, piece: StreamPiece | None) -> Call | None:
        """The first call of a message; or, when the answer has ended after its last message had, what it lacks yet."""
        if piece is not None:
            return StartStream(
                channel=self._place.channel,
                thread_ts=self._place.thread_ts or "",
                user=self._place.user,
                team=self._place.team,
                markdown=piece.markdown,
                mark=f"{self._reference}-{len(self._ended)}",
                since=self._place.since,
            )
        if self._answer.ended and not self._over:
            # Once its last word stands: a stream that breaks off before leaves the file to those who go on.
            if self._is_finished and (upload := self._attachment.next_call(self._answer)) is not None:
                return upload
            if self._answer.footer() and (not self._is_finished or self._attachment.is_lost):
                self._give_up(self._ended[-1])
            else:
                self._over = True
        return None

    def _finish(self, stream: _Open, piece: StreamPiece | None) -> StopStream:
        """The last call of the answer."""
        markdown = piece.markdown if piece is not None else self._text.closing
        self._last = StopStream(self._place.channel, stream.ts, markdown, self._answer.footer())
        return self._last

    def _stop(self, stream: _Open, piece: StreamPiece | None) -> StopStream:
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
            self._is_finished = call is self._last
            self._over = self._is_finished and not self._answer.rest

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
                self._give_up(ts, streaming=True)  # of a lost start: it shows an earlier piece
            case StartStream(), Refused(error=code):
                self._streams.refused(self._place, code, now)
                self._give_up()
            case StopStream(), Limited() if not self._waits_for(call, now):
                self._stop_is_late = True
            case StartStream(), Limited() if not self._waits_for(call, now):
                self._give_up()
            case AppendStream(ts=ts), Limited(retry_after=seconds) if seconds > _SHORT:
                self._give_up(ts, streaming=True)
            case AppendStream(ts=ts), Lost() | Refused():
                self._give_up(ts, streaming=isinstance(result, Lost))
            case StopStream(ts=ts), Lost() | Refused():
                self._give_up(ts)
            case _:
                if not self._waits(result, now):
                    self._give_up()

    def _give_up(self, message: str = "", *, streaming: bool = False) -> None:
        """Leave the rest to others; `message` is the last one, if it must be written anew."""
        has_ended = message in self._ended
        is_known = has_ended or (self._stream is not None and message == self._stream.ts)
        self._over = True
        self.left = Unstreamed(
            Standing(
                messages=(message,) if message else (),
                streaming=message if streaming else "",
                status=self._status,
                pace=self._pace,
                attachment=self._attachment,
            ),
            ended=len(self._ended) - has_ended,
            events=(*self._before.events, *self._text_left(last_message=is_known), *self._after.events),
        )

    def _text_left(self, *, last_message: bool) -> Iterator[ReplyEvent]:
        for number, part in enumerate(self._text.unsettled(last_message=last_message)):
            if number:
                yield ParagraphBreak()
            yield Token(part)
