"""Knows how an answer is written into a thread by posting and editing: which call is next, and when it may be made."""

from __future__ import annotations

from dataclasses import dataclass

from bot.pacing.permits import Kind, Want
from bot.reply.attachment import Attachment
from bot.reply.contract import Place, ReplyEvent, Thinking
from bot.reply.messages import NOTHING, Adopted, Messages
from bot.reply.pace import BACKOFF, Pace
from bot.reply.paged import PagedAnswer
from bot.reply.status import StatusLine
from bot.slack import wording
from bot.slack.calls import (
    Accepted,
    Call,
    Limited,
    Lost,
    Posted,
    PostEphemeral,
    PostMessage,
    Refused,
    Result,
    SetStatus,
    UpdateMessage,
    UploadFile,
    method_of,
)
from bot.slack.refusals import NO_TOKEN, NOT_WANTED, SHAPE
from bot.slack.text.blocks import fallback, plain
from bot.slack.text.pages import Page

# So long a whole answer waits for a Slack that does not answer, in seconds: outages of some minutes do happen.
PATIENCE = 1800.0

_COMPLAINTS = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """What another reply has done for an answer before it was given up: `messages` by their `ts`, which are written
    anew, one of them perhaps still `streaming`; the status line as it stands, the pace of writing, and the file with
    what is not shown."""

    messages: tuple[str, ...]
    streaming: str
    status: StatusLine
    pace: Pace
    attachment: Attachment


class EditedReply:
    """A `Reply` that posts a message and edits it as the answer grows; long answers go on in further messages.

    `interval` is the least time between two edits of this answer in the long run, in seconds; some more are had in the
    beginning. `has_status` says that the place has a thread, so that Slack's status line can show that we are at it;
    else a first message does. What does not fit into `most` messages is attached as a file. `standing` is what is taken
    over from another reply, `adopted` what another process has left.
    """

    def __init__(
        self,
        place: Place,
        *,
        reference: str,
        interval: float,
        has_status: bool,
        most: int | None = None,
        adopted: Adopted = NOTHING,
        standing: Standing | None = None,
    ) -> None:
        self._place = place
        self._reference = reference
        self._answer = PagedAnswer(most=most)
        if standing is None:
            status = StatusLine(place.channel, place.thread_ts, works=has_status)
            standing = Standing(adopted.messages, adopted.streaming, status, Pace(interval), Attachment(place))
        taken = Adopted(standing.messages, standing.streaming, adopted.look)
        self._messages = Messages(place, reference, taken)
        self._pace = standing.pace
        self._status = standing.status
        self._attachment = standing.attachment
        if standing.attachment.is_lost:
            self._answer.lose_rest()
        self._pages: tuple[Page, ...] = ()
        self._pages_of: tuple[int, bool, int] | None = None
        self._thinking_at: float | None = None
        self._offered: Call | None = None
        self._unseen_since: float | None = None
        self._seen = 0
        self._losses = 0
        self._lost_since = 0.0
        self._minutes = 0
        self._complaint: Call | None = None
        self._given_up = ""
        self._over = False

    # The contract -----------------------------------------------------------------------------------------------

    def receive(self, event: ReplyEvent, now: float) -> None:
        self._status.receive(event, now)
        if isinstance(event, Thinking):
            self._thinking_at = now
        if self._unseen_since is None:
            self._unseen_since = now
        self._answer.receive(event)

    def next_call(self, now: float) -> Call | None:
        self._offered = self._next_call(now)
        return self._offered

    def want(self, now: float) -> Want:
        # A place-holder is a sign of life, which like an ending does not wait for others' texts.
        urgent = self._answer.ended or self._answer.empty
        kind = Kind.ENDING if urgent else Kind.PROGRESS if self._messages else Kind.FIRST
        return Want(
            method=method_of(self._offered) if self._offered else "",
            channel=self._place.channel,
            kind=kind,
            since=now if self._unseen_since is None else self._unseen_since,
            unseen=self._answer.length - self._seen,
            last_write=self._pace.wrote_at,
            answer=self._reference,
            waits=not isinstance(self._offered, SetStatus),
        )

    def _next_call(self, now: float) -> Call | None:
        if self._over:
            return None
        if self._complaint is not None:
            return self._complaint if now >= self._pace.held_until else None
        if self._answer.behind:
            self._answer.catch_up()
            if self._answer.behind:
                return None
        self._minutes = self._waited_minutes(now)
        write = self._next_write(now)
        # A post goes first, for it takes the status away by itself; an edit does not.
        call = write if isinstance(write, PostMessage) else self._status_call(now) or write
        if call is None and self._answer.ended and self._stands:
            if now < self._pace.held_until:
                return None
            call = self._attachment.next_call(self._answer)
            self._over = call is None
        return call

    def answered(self, call: Call, result: Result, now: float) -> None:
        if isinstance(call, SetStatus):
            self._status.answered(call, result, now)
        elif call is self._complaint:
            self._complained(result, now)
        elif isinstance(call, UploadFile):
            self._rest_answered(result, now)
        else:
            self._pace.wrote(now)
            self._write_answered(call, result, now)

    def _rest_answered(self, result: Result, now: float) -> None:
        match result:
            case Limited(retry_after=seconds):
                self._pace.hold(now + seconds)
            case Lost(reason=reason):
                self._lost(reason, now)
            case _:
                self._attachment.settled(self._answer, result)

    def wake_at(self, now: float) -> float | None:
        if self._answer.behind:
            return now
        times = [self._pace.held_until] if self._complaint is not None or self._answer.ended else []
        if self._pages_of != self._pages_key() or not self._stands:
            times.append(self._pace.may_write_at(ended=self._answer.ended))
        if (change := self._status.wake_at(self._answer)) is not None:
            times.append(change)
        if self._thinking_at is not None and self._waits_in_sight():
            times.append(self._thinking_at + 60.0 * (self._waited_minutes(now) + 1))
        later = [time for time in times if time > now]
        return min(later) if later else None

    @property
    def done(self) -> bool:
        return self._over

    @property
    def given_up(self) -> str:
        return self._given_up

    def _status_call(self, now: float) -> SetStatus | None:
        return self._status.next_call(self._answer, now, post_is_due=self._post_is_due)

    def _post_is_due(self) -> bool:
        return len(self._messages) < len(self._wanted())

    # Writing ----------------------------------------------------------------------------------------------------

    def _wanted(self) -> tuple[Page, ...]:
        """The pages that should stand in Slack; rendered again only after something changed."""
        key = self._pages_key()
        if self._pages_of != key:
            self._pages = self._answer.pages(shows_work=not self._status.works, minutes=self._minutes)
            self._pages_of = key
        return self._pages

    def _pages_key(self) -> tuple[int, bool, int]:
        return (self._answer.version, self._status.works, self._minutes)

    def _waits_in_sight(self) -> bool:
        """A message of ours is all that shows that we are at it."""
        return self._answer.thinking and self._answer.empty and not self._status.works

    def _waited_minutes(self, now: float) -> int:
        if self._thinking_at is None or not self._waits_in_sight():
            return 0
        return int((now - self._thinking_at) // 60)

    @property
    def _stands(self) -> bool:
        """Every message stands as it should."""
        return self._messages.next_call(self._wanted(), ended=self._answer.ended) is None

    def _next_write(self, now: float) -> Call | None:
        if now < self._pace.may_write_at(ended=self._answer.ended):
            return None
        return self._messages.next_call(self._wanted(), ended=self._answer.ended)

    def _write_answered(self, call: Call, result: Result, now: float) -> None:
        match result:
            case Posted() | Accepted():
                self._losses = 0
                self._unseen_since, self._seen = None, self._answer.length
                if isinstance(call, PostMessage):
                    self._status.posted()
                self._messages.stands(call, result)
            case Limited(retry_after=seconds):
                self._pace.hold(now + seconds)
            case Lost(reason=reason):
                self._lost(reason, now)
            case Refused():
                self._refused(call, result)

    def _lost(self, reason: str, now: float) -> None:
        self._lost_since = now if self._losses == 0 else self._lost_since
        if self._answer.ended and now - self._lost_since > PATIENCE:
            self._give_up(f"no answer from Slack: {reason}")
            self._over = True
            return
        self._pace.hold(now + BACKOFF[min(self._losses, len(BACKOFF) - 1)])
        self._losses += 1

    def _refused(self, call: Call, result: Refused) -> None:
        if result.error in NO_TOKEN or (isinstance(call, PostMessage | UpdateMessage) and result.error in NOT_WANTED):
            self._give_up(f"Slack refused: {result.error}")
            self._over = True
            return
        if self._messages.refused(call, result):
            return
        if result.error not in SHAPE or not self._answer.becomes_plainer():
            self._give_up(f"Slack refused: {result.error}")
            self._complain(result.error)

    def _complained(self, result: Result, now: float) -> None:
        self._losses += 1
        if isinstance(result, Limited | Lost) and self._losses <= _COMPLAINTS:
            self._pace.hold(now + (result.retry_after if isinstance(result, Limited) else BACKOFF[self._losses]))
        else:
            self._over = True

    def _give_up(self, why: str) -> None:
        self._given_up = why

    def _complain(self, code: str) -> None:
        """The last try to be heard: a word to the asker alone."""
        sentence = wording.cannot_post(code, self._reference)
        self._complaint = PostEphemeral(
            channel=self._place.channel, user=self._place.user, text=fallback(sentence), blocks=plain(sentence)
        )
