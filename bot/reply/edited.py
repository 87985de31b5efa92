"""Writes an answer into a thread by posting and editing messages: which call is next, and when it may be made."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bot.flowise.events import Token, WordsWhole
from bot.pacing.permits import Kind, Want
from bot.reply.attachments import Attachments
from bot.reply.carried_steps import CarriedSteps
from bot.reply.complaint import Complaint
from bot.reply.contract import ArrivedEvent, Ending, Place, TextComplete, Thinking
from bot.reply.messages import NOTHING, Adopted, Messages
from bot.reply.pace import Losses, Pace
from bot.reply.paged import PagedAnswer
from bot.reply.progress import Progress
from bot.reply.status import StatusLine
from bot.reply.steps import Steps
from bot.slack.calls import (
    Accepted,
    Call,
    FindStream,
    Limited,
    Lost,
    Posted,
    PostMessage,
    Refused,
    Result,
    SendFile,
    SetStatus,
    ShareFile,
    UpdateMessage,
)
from bot.slack.help_contact import NOBODY
from bot.slack.refusals import NO_TOKEN, NOT_WANTED, SHAPE
from bot.slack.text.link_hosts import ANY_HOST, LinkHosts
from bot.slack.text.pages import Page

# How long a complete answer waits for a Slack that does not reply, in seconds: outages of some minutes do happen.
PATIENCE = 1800.0
# How long one of its files does, while the thread waits: messages may go through where no file does.
FILE_PATIENCE = 300.0

END_IS_NEAR = 0.5
"""Seconds after the last word for which the end is waited for, so that one edit shows both: it comes within some 50 ms,
unless Flowise works on follow-up prompts or speech, which takes it seconds (measured on 3.1.4)."""

# The calls that show the steps as they are.
_WRITES = (PostMessage, UpdateMessage)

# How often an open stream is searched for again where Slack does not answer: the answer itself waits for it.
_SEARCHES = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """What another reply that gave up has done for an answer.

    The `messages`, by their `ts`, are written anew; one of them may still be `streaming`. The status line, the pace of
    writing, the files and the steps go on as they are.
    """

    messages: tuple[str, ...]
    streaming: str
    status: StatusLine
    pace: Pace
    attachments: Attachments
    steps: Steps


class EditedReply:
    """A `Reply` that posts a message and edits it as the answer grows; long answers go on in further messages.

    `interval` is the least time between two edits of this answer in the long run, in seconds; the first ones may follow
    faster. `has_status` says that the place has a thread, so that Slack's status line can show that the bot is at work;
    elsewhere a first message does. What does not fit into `most` messages is attached as a file. `asks` says whom a
    person should ask when it fails, in Slack's mrkdwn. `stop` is the value of a button that stops the answer, empty for
    none. `standing` is what is taken over from another reply, `adopted` what another process has left. `status`
    takes the place of Slack's status line. `steps` are shown with writes that are made anyway. Links are made on
    `hosts` alone.
    """

    def __init__(  # noqa: PLR0913  # most have a default
        self,
        place: Place,
        *,
        reference: str,
        interval: float,
        has_status: bool,
        most: int | None = None,
        asks: str = NOBODY,
        stop: str = "",
        adopted: Adopted = NOTHING,
        standing: Standing | None = None,
        status: StatusLine | None = None,
        steps: Steps | None = None,
        hosts: LinkHosts = ANY_HOST,
    ) -> None:
        self._place = place
        if standing is None:
            may_stand = bool(adopted.messages) or adopted.look
            line = status or StatusLine(place.channel, place.thread_ts, works=has_status, may_stand=may_stand)
            work = (line, Pace(interval), Attachments(place, adopted.files), steps or Steps())
            standing = Standing(adopted.messages, adopted.streaming, *work)
        self._steps = standing.steps
        self._answer = PagedAnswer(most=most, asks=asks, stop=stop, steps=self._steps, hosts=hosts)
        taken = Adopted(standing.messages, standing.streaming, adopted.look, adopted.may_stream)
        self._messages = Messages(place, reference, taken)
        self._pace = standing.pace
        self._status = standing.status
        self._attachments = standing.attachments
        self._attachments.tell(self._answer)
        self._carried = CarriedSteps(self._steps)
        self._pages: tuple[Page, ...] = ()
        self._pages_of: tuple[int, bool, int, int] | None = None
        self._thinking_at: float | None = None
        self._whole_at: float | None = None
        """When the answer is shown without its growing mark, as all its words have come."""
        self._progress = Progress(place, reference, self._pace, self._status)
        self._losses = Losses()
        self._minutes = 0
        self._complaint = Complaint(place, reference, asks)

    # The contract -----------------------------------------------------------------------------------------------

    def receive(self, event: ArrivedEvent, now: float) -> None:
        self._steps.receive(event, now)
        self.take(event, now)

    def take(self, event: ArrivedEvent, now: float) -> None:
        """Take an event of which the steps know already, or which is none of them."""
        if isinstance(event, WordsWhole):
            self._whole_at = now + END_IS_NEAR
            return
        if isinstance(event, Token | TextComplete | Ending):
            self._whole_at = None
        self._status.receive(event, now)
        if isinstance(event, TextComplete):
            self._pace.ends_soon(now)
        if isinstance(event, Thinking):
            self._thinking_at = now
        self._progress.received(now)
        self._answer.receive(event)

    def next_call(self, now: float) -> Call | None:
        if self._whole_at is not None and now >= self._whole_at:
            self._whole_at = None
            self._answer.receive(WordsWhole())
        call = None if self._progress.ends else self._next_call(now)
        return self._progress.offer(self._progress.last_call(now) if self._progress.ends else call)

    def want(self, now: float) -> Want:
        # A placeholder shows that the bot is at work; like an ending it does not wait for others' texts.
        urgent = self._answer.urgent or self._answer.empty
        urgent = urgent and not self._carried.alone
        kind = Kind.ENDING if urgent else Kind.PROGRESS if self._messages else Kind.FIRST
        waits = not (isinstance(self._progress.offered, SetStatus) or self._carried.alone)
        return self._progress.want(kind, self._answer.length, now, waits=waits)

    def _next_call(self, now: float) -> Call | None:
        if self._complaint.call is not None:
            return self._complaint.call if now >= self._pace.held_until else None
        if self._answer.behind:
            self._answer.catch_up()
            if self._answer.behind:
                return None
        if self._answer.is_changing:
            return None
        self._minutes = self._waited_minutes(now)
        write = self._next_write(now)
        # A post goes first, for it takes the status away by itself; an edit does not.
        call = write if isinstance(write, PostMessage) else self._status_call(now) or write
        if call is None and self._answer.ended and self._stands:
            if now < self._pace.held_until:
                return None
            call = self._attachments.next_call(self._answer)
            if call is None:
                self._progress.end()
        return call

    def answered(self, call: Call, result: Result, now: float) -> None:
        if isinstance(call, SetStatus):
            self._status.answered(call, result, now)
        elif call is self._complaint.call:
            self._complained(result, now)
        elif isinstance(call, SendFile | ShareFile):
            self._file_answered(call, result, now)
        elif isinstance(call, FindStream):
            self._sought(result, now)
        else:
            self._pace.wrote(now)
            self._write_answered(call, result, now)

    def _file_answered(self, call: SendFile | ShareFile, result: Result, now: float) -> None:
        match result:
            case Limited(retry_after=seconds):
                self._pace.hold(now + seconds)
            case Lost(reason=reason) if self._losses.lasted(now) > FILE_PATIENCE:
                result = Refused(reason)
            case Lost():
                self._pace.hold(now + self._losses.lost(now))
            case _:
                self._losses.reset()
        self._attachments.answered(self._answer, call, result)

    def _sought(self, result: Result, now: float) -> None:
        if isinstance(result, Lost) and self._losses.count < _SEARCHES:
            self._pace.hold(now + self._losses.lost(now))
            return
        self._losses.reset()
        self._messages.sought(result.ts if isinstance(result, Posted) else "")

    def wake_at(self, now: float) -> float | None:
        times = [*self._status.wake_times(self._answer)]
        if self._whole_at is not None:
            times.append(self._whole_at)
        if not self._progress.ends:
            if self._answer.behind:
                return now
            times += self._write_times(now)
        later = [time for time in times if now < time < math.inf]
        return min(later) if later else None

    def _write_times(self, now: float) -> list[float]:
        """When the messages may next be written, or change by themselves."""
        times = [self._pace.held_until] if self._complaint.call is not None or self._answer.urgent else []
        if self._pages_of != self._pages_key() or not self._stands:
            times.append(self._pace.may_write_at(ended=self._answer.urgent))
        if self._thinking_at is not None and self._placeholder_stands():
            times.append(self._thinking_at + 60.0 * (self._waited_minutes(now) + 1))
            times.append(self._carried.alone_at(self._pace.wrote_at))
        return times

    @property
    def done(self) -> bool:
        return self._progress.over

    @property
    def given_up(self) -> str:
        return self._progress.given_up

    def _status_call(self, now: float) -> SetStatus | None:
        return self._status.next_call(self._answer, now, post_is_due=self._post_is_due)

    def _post_is_due(self) -> bool:
        return len(self._messages) < len(self._wanted())

    # Writing ----------------------------------------------------------------------------------------------------

    def _wanted(self) -> tuple[Page, ...]:
        """The pages that should stand in Slack; rendered again only after something changed."""
        if self._answer.is_silent and not self._messages:
            return ()
        key = self._pages_key()
        if self._pages_of != key:
            steps, step = self._carried.blocks, self._carried.status
            self._pages = self._answer.pages(
                shows_work=not self._status.works,
                minutes=self._minutes,
                steps=steps,
                step=step,
                standing=self._messages.pages,
            )
            self._pages_of = key
        return self._pages

    def _pages_key(self) -> tuple[int, bool, int, int]:
        return (self._answer.version, self._status.works, self._minutes, self._carried.version)

    def _placeholder_stands(self) -> bool:
        """Whether only a message of ours shows that the bot is at work."""
        return self._answer.thinking and self._answer.empty and not self._status.works

    def _waited_minutes(self, now: float) -> int:
        if self._thinking_at is None or not self._placeholder_stands():
            return 0
        return int((now - self._thinking_at) // 60)

    @property
    def _stands(self) -> bool:
        """Whether every message stands as it should."""
        return self._messages.next_call(self._wanted(), ended=self._answer.ended) is None

    def _next_write(self, now: float) -> Call | None:
        if (
            self._answer.stopping
            or self._whole_at is not None
            or now < self._pace.may_write_at(ended=self._answer.urgent)
        ):
            return None
        call = self._messages.next_call(self._wanted(), ended=self._answer.ended)
        is_placeholder, carried = self._placeholder_stands(), self._carried
        if call is None and is_placeholder and now >= carried.alone_at(self._pace.wrote_at):
            carried.go_alone(now)
        elif (carried.alone and is_placeholder) or not isinstance(call, _WRITES) or not carried.take(now):
            return call
        return self._messages.next_call(self._wanted(), ended=self._answer.ended)

    def _write_answered(self, call: Call, result: Result, now: float) -> None:
        match result:
            case Posted() | Accepted():
                self._losses.reset()
                self._carried.alone = False
                self._progress.shown(self._answer.length)
                if isinstance(result, Posted) and not result.found:
                    self._status.posted()
                self._messages.stands(call, result)
            case Limited() if self._carried.alone:
                self._carried.stay()
            case Limited(retry_after=seconds):
                self._pace.hold(now + seconds)
            case Lost(reason=reason):
                self._lost(reason, now)
            case Refused():
                self._refused(call, result, now)

    def _lost(self, reason: str, now: float) -> None:
        if self._answer.ended and self._losses.lasted(now) > PATIENCE:
            self._progress.give_up(f"no answer from Slack: {reason}")
            self._progress.end()
        else:
            self._pace.hold(now + self._losses.lost(now))

    def _refused(self, call: Call, result: Refused, now: float) -> None:
        if result.error in NO_TOKEN or (isinstance(call, PostMessage | UpdateMessage) and result.error in NOT_WANTED):
            self._progress.give_up(f"Slack refused: {result.error}")
            self._progress.end()
            return
        if self._messages.refused(call, result) or self._carried.refused(call, result, now):
            return
        if result.error not in SHAPE or not self._answer.becomes_plainer():
            self._progress.give_up(f"Slack refused: {result.error}")
            self._complaint.begin(result.error)

    def _complained(self, result: Result, now: float) -> None:
        wait = self._complaint.again_in(result)
        if wait is None:
            self._progress.end()
        else:
            self._pace.hold(now + wait)
