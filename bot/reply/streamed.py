"""Writes an answer by Slack's own streaming, as far as that goes.

Slack says little about streams and ends them for reasons of its own. Every uncertain case, a lost reply or a refusal,
is settled in one way: the stream is given up, and `left` says what must be written by other means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.flowise.events import Token
from bot.pacing.permits import Kind, Want
from bot.reply.answer import Answer
from bot.reply.attachments import Attachments
from bot.reply.beside import Beside
from bot.reply.contract import ArrivedEvent, BeganAnew, Place, TextComplete
from bot.reply.edited import Standing
from bot.reply.last_edits import PATIENCE as LAST_EDITS_WAIT
from bot.reply.last_edits import LastEdits, text_of
from bot.reply.pace import BACKOFF, Losses, Pace
from bot.reply.progress import Progress
from bot.reply.status import StatusLine
from bot.reply.steps import Steps
from bot.reply.stream_messages import StreamMessages
from bot.reply.streamed_steps import StreamedSteps
from bot.reply.streams import PATIENCE, Mode, StreamSupport
from bot.slack import wording
from bot.slack.calls import (
    Accepted,
    AppendStream,
    Call,
    Limited,
    Lost,
    Posted,
    Refused,
    Result,
    SendFile,
    SetStatus,
    ShareFile,
    StartStream,
    StopStream,
    UpdateMessage,
)
from bot.slack.help_contact import NOBODY
from bot.slack.refusals import STOPPED_BY_USER
from bot.slack.text.link_hosts import ANY_HOST, LinkHosts
from bot.slack.text.streaming import StreamText

# If Slack asks for a longer silence than this, in seconds, the stream is given up.
_SHORT = 5.0


@dataclass(frozen=True, slots=True)
class Unstreamed:
    """What is left to do for an answer whose streaming was given up.

    `standing` is what was done, `events` are to be shown, and `ended` counts the messages that are complete.
    """

    standing: Standing
    ended: int
    events: tuple[ArrivedEvent, ...]


class StreamedReply:
    """A `Reply` that streams, in at most `most` messages, until it has ended or has given up (`left`).

    It gives up where a stream is not allowed, where it fails, and where it would have to wait for its turn: at all in
    mode AUTO of `streams`, for PATIENCE seconds in mode STREAM. A stream has no button before its end, so `thinking`,
    the status while no tool runs, says how it is stopped. `status` as in `EditedReply`.
    """

    def __init__(  # noqa: PLR0913  # most have a default
        self,
        place: Place,
        *,
        reference: str,
        interval: float,
        most: int,
        streams: StreamSupport,
        asks: str = NOBODY,
        thinking: str = wording.STATUS_THINKING,
        status: StatusLine | None = None,
        steps: Steps | None = None,
        hosts: LinkHosts = ANY_HOST,
    ) -> None:
        self.left: Unstreamed | None = None
        self._place = place
        self._streams = streams
        text = StreamText(most=most)
        self._messages = StreamMessages(place, reference, text)
        self._answer = Answer(text, asks=asks, steps=steps, hosts=hosts)
        self._steps = StreamedSteps(self._answer.steps)
        self._attachments = Attachments(place)
        self._last_edits = LastEdits(place, streams, asks=asks, hosts=hosts)
        self._pace = Pace(interval)
        has_status = place.thread_ts is not None
        line = StatusLine(place.channel, place.thread_ts, works=has_status, thinking=thinking)
        self._status = status or line
        self._before = Beside()
        """The events other than text that came before the last text."""
        self._after = Beside()
        self._progress = Progress(place, reference, self._pace, self._status)
        self._losses = Losses()
        self._last: Call | None = None
        self._is_finished = False
        """The last call of the answer was taken; only a file and the last edits may be left."""
        self._finished_at = 0.0
        self._is_wrong = False
        """What was sent is no part of the answer."""
        self._stopped_in_slack = ""
        """The message whose stream a person has ended in Slack: nothing is written until the answer has ended too."""

    # The contract -----------------------------------------------------------------------------------------------

    def receive(self, event: ArrivedEvent, now: float) -> None:
        self._answer.steps.receive(event, now)
        if isinstance(event, Token):
            self._before.add_all(self._after)
            self._after = Beside()
        elif isinstance(event, BeganAnew):
            self._is_wrong = True
            self._messages.forget_piece()
        else:
            self._after.add(event)
        self._progress.received(now)
        self._status.receive(event, now)
        if isinstance(event, TextComplete):
            self._pace.ends_soon(now)
        self._answer.receive(event)

    def next_call(self, now: float) -> Call | None:
        call = None if self._progress.ends else self._next_call(now)
        return self._progress.offer(self._progress.last_call(now) if self._progress.ends else call)

    def want(self, now: float) -> Want:
        offered, kind = self._progress.offered, Kind.ENDING
        if not self._answer.ended:
            kind = Kind.FIRST if isinstance(offered, StartStream) else Kind.PROGRESS
        elif isinstance(offered, UpdateMessage):  # all of the answer stands already
            kind = Kind.PROGRESS
        return self._progress.want(kind, self._answer.length, now, waits=self._waits_for(offered, now))

    def _waits_for(self, call: Call | None, now: float) -> bool:
        match call:
            case StartStream():
                waited = now - self._progress.unshown_since(now)
                return self._messages.may_stand or (self._streams.mode is Mode.STREAM and waited < PATIENCE)
            case StopStream(markdown=markdown):
                # Text that a stop has no permit to bring can be appended before it.
                return self._messages.stop_is_late or not markdown.strip()
            case UpdateMessage():
                return now - self._finished_at < LAST_EDITS_WAIT
            case SetStatus():
                return False
        return True

    def answered(self, call: Call, result: Result, now: float) -> None:
        match call:
            case SetStatus():
                self._status.answered(call, result, now)
                return
            case SendFile() | ShareFile():
                self._file_answered(call, result, now)
                return
            case UpdateMessage():
                self._edited(call, result, now)
                return
        self._pace.wrote(now)
        if isinstance(call, StartStream) and not isinstance(result, Limited):
            self._messages.may_stand = isinstance(result, Lost)
        match result:
            case Posted(found=False) | Accepted():
                self._stands(call, result, now)
            case Refused() if self._steps.refused(call, result, now):
                pass  # the call is made again, without them
            case _:
                self._failed(call, result, now)

    def wake_at(self, now: float) -> float | None:
        times = [self._pace.held_until, *self._messages.wake_times()]
        if self._answer.ended or not self._progress.shows_all:
            times.append(self._pace.may_write_at(ended=self._answer.ended))
        times += self._status.wake_times(self._answer)
        later = [time for time in times if time > now]
        return min(later) if later and not self._progress.over else None

    @property
    def done(self) -> bool:
        return self._progress.over

    @property
    def given_up(self) -> str:
        return self._progress.given_up

    # What comes next ----------------------------------------------------------------------------------------------

    def _next_call(self, now: float) -> Call | None:
        if self._stopped_in_slack and self._answer.ended:
            self._give_up(self._stopped_in_slack)
        if self._stopped_in_slack or self._answer.is_changing:
            return None
        messages, nothing_stands = self._messages, self._messages.nothing_stands
        # An answer that is whole before its first words were shown is posted whole.
        if nothing_stands and (self._answer.ended or not self._streams.is_open_to(self._place, now)):
            self._give_up()
            return None
        # What was streamed cannot be taken back, so a passing remark is written by edits, and so is the rest.
        if self._answer.fetching is not None and not messages.may_stand:
            self._give_up(messages.open or next(reversed(messages.ended), ""), streaming=bool(messages.open))
            return None
        if self._is_wrong and not nothing_stands and not messages.may_stand:
            self._write_anew()
            return None
        self._is_wrong = self._is_wrong and not nothing_stands
        write = self._with_steps(self._next_write(now), now)
        # A new message takes the status away by itself.
        if isinstance(write, StartStream):
            return write
        return self._status.next_call(self._answer, now, post_is_due=lambda: False) or write

    def _with_steps(self, write: Call | None, now: float) -> Call | None:
        """A write with what is new of the steps: none is made for them alone."""
        told = self._steps.told_by(write, now)
        self._last = told if write is self._last else self._last
        return told

    def _next_write(self, now: float) -> Call | None:
        if self._answer.stopping or now < self._pace.may_write_at(ended=self._answer.ended):
            return None
        write = self._messages.next_write(now, ended=self._answer.ended)
        if isinstance(write, StopStream) and self._messages.ends_answer:
            return self._finish(write)
        return self._after_the_text() if write is None and not self._messages.open else write

    def _finish(self, stop: StopStream) -> StopStream:
        """The last call of the answer, with what stands under it. Steps in a plan are folded into its title."""
        folded = self._answer.folded if self._steps.has_plan else ""
        # The text has begun before it is known what was understood of a clip.
        under = (*self._answer.heading, *self._answer.footer(with_work=not folded))
        self._last = StopStream(stop.channel, stop.ts, stop.markdown, under, plan=folded)
        return self._last

    def _after_the_text(self) -> Call | None:
        """What an answer lacks yet whose text stands in messages that have all ended."""
        if not self._answer.ended or self._progress.ends:
            return None
        # Only after the last call: a stream that breaks off before leaves the file to the reply that goes on.
        if self._is_finished and (file := self._attachments.next_call(self._answer)) is not None:
            return file
        under = (*self._answer.heading, *self._answer.footer())
        if under and (not self._is_finished or self._attachments.has_lost):
            self._give_up(self._messages.ended[-1])
        elif self._is_finished and (edit := self._last_edits.next_call()) is not None:
            return edit
        else:
            self._progress.end()
        return None

    # What came of it ------------------------------------------------------------------------------------------------

    def _stands(self, call: Call, result: Posted | Accepted, now: float) -> None:
        self._losses.reset()
        self._progress.shown(self._answer.length)
        self._steps.taken(call)
        self._messages.taken(call, result, now)
        if isinstance(call, StartStream) and isinstance(result, Posted):
            self._status.posted()
        elif isinstance(call, StopStream):
            self._is_finished, self._finished_at = call is self._last, now
            self._message_ended(call.ts)
            self._messages.text.close()
            if self._is_finished:
                self._end_if_all_stands()

    def _end_if_all_stands(self) -> None:
        """End where neither a file nor a last edit is left."""
        if self._attachments.next_call(self._answer) is None and self._last_edits.next_call() is None:
            self._progress.end()

    def _message_ended(self, ts: str) -> None:
        """Note a message of which no more is streamed, for the last edits. One that holds only a part of what was left
        stays as it is."""
        if not self._is_finished:
            self._last_edits.message_full(ts, self._messages.text.message)
        elif not self._answer.rest:
            events = (*self._before.events, *text_of(self._messages.text.message), *self._after.events)
            self._last_edits.answer_ended(ts, events, self._answer.steps)

    def _edited(self, call: UpdateMessage, result: Result, now: float) -> None:
        """Note what came of a last edit."""
        self._pace.wrote(now)
        if isinstance(result, Accepted):
            self._losses.reset()
        is_late = isinstance(result, Limited | Lost) and not self._waits_for(call, now)
        if is_late or not self._waits(call, result, now):
            self._last_edits.settled(result)
            self._end_if_all_stands()

    def _file_answered(self, call: SendFile | ShareFile, result: Result, now: float) -> None:
        if not self._waits(call, result, now):
            self._losses.reset()
            result = Refused(result.reason) if isinstance(result, Lost) else result
        self._attachments.answered(self._answer, call, result)

    def _waits(self, call: Call, result: Result, now: float) -> bool:
        """Whether the same call is made again later."""
        match result:
            case Limited(retry_after=seconds) if isinstance(call, AppendStream):
                self._messages.hold_appends(now + seconds)
            case Limited(retry_after=seconds):
                self._pace.hold(now + seconds)
            case Lost() if self._losses.count < len(BACKOFF):
                self._pace.hold(now + self._losses.lost(now))
            case _:
                return False
        return True

    def _failed(self, call: Call, result: Result, now: float) -> None:
        match call, result:
            case ((AppendStream(ts=ts) | StopStream(ts=ts)), Refused(error=code)) if code == STOPPED_BY_USER:
                self._stopped_by_user(ts)
            case StartStream(), Posted(ts=ts):
                self._give_up(ts, streaming=True)  # of a lost start: it shows an earlier piece
            case StartStream(), Refused(error=code):
                self._streams.refused(self._place, code, now)
                self._give_up()
            case StopStream(), Limited() if not self._waits_for(call, now):
                self._messages.stop_is_late = True
            case StartStream(), Limited() if not self._waits_for(call, now):
                self._give_up()
            case AppendStream(ts=ts), Limited(retry_after=seconds) if seconds > _SHORT:
                self._give_up(ts, streaming=True)
            case AppendStream(ts=ts), Lost() | Refused():
                self._give_up(ts, streaming=isinstance(result, Lost))
            case StopStream(ts=ts), Lost() | Refused():
                self._give_up(ts)
            case _:
                if not self._waits(call, result, now):
                    self._give_up()

    def _stopped_by_user(self, ts: str) -> None:
        if self._answer.ended and not self._answer.is_stopped:  # the answer is whole, but its end is not wanted
            self._progress.give_up("somebody has stopped it")
            self._progress.end()
        else:
            self._stopped_in_slack = ts

    def _give_up(self, message: str = "", *, streaming: bool = False) -> None:
        """Leave the rest to others; `message` is the last one, if it must be written anew."""
        all_ended, has_ended = self._messages.ended, message in self._messages.ended
        is_known = has_ended or (message != "" and message == self._messages.open)
        # What stands in them may be no part of the answer: then all of them are written anew.
        before = tuple(ts for ts in all_ended if ts != message) if self._is_wrong else ()
        self._progress.end()
        self.left = Unstreamed(
            Standing(
                messages=(*before, *([message] if message else [])),
                streaming=message if streaming else "",
                status=self._status,
                pace=self._pace,
                attachments=self._attachments,
                steps=self._answer.steps,
            ),
            ended=len(all_ended) - has_ended - len(before),
            events=(*self._before.events, *self._text_left(last_message=is_known), *self._after.events),
        )

    def _write_anew(self) -> None:
        """Leave all messages to others: what stands in them was no part of the answer."""
        open_now = self._messages.open
        self._give_up(open_now or self._messages.ended[-1], streaming=bool(open_now))

    def _text_left(self, *, last_message: bool) -> Iterator[ArrivedEvent]:
        if self._answer.is_changing:
            yield BeganAnew(is_stored=True)
        yield from text_of(self._messages.text.unsettled(last_message=last_message))
