"""Knows how an answer is written into a thread by posting and editing: which call is next, and when it may be made."""

from __future__ import annotations

from dataclasses import dataclass

from bot.reply.answer import Answer
from bot.reply.contract import Place, ReplyEvent, Thinking
from bot.reply.status import StatusLine
from bot.slack import wording
from bot.slack.blocks import fallback, plain
from bot.slack.calls import (
    Accepted,
    Call,
    DeleteMessage,
    Limited,
    Lost,
    Posted,
    PostEphemeral,
    PostMessage,
    Refused,
    Result,
    SetStatus,
    UpdateMessage,
)
from bot.slack.pages import Page

# Waits after calls whose answer was lost, in seconds; the last one again and again.
BACKOFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
# So long a whole answer waits for a Slack that does not answer, in seconds: outages of some minutes do happen.
PATIENCE = 1800.0

# The message to edit is not there any more, or not ours to edit: its text moves to a new one.
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"})
# Slack dislikes the shape of what we sent: the same text goes again as plain text.
_SHAPE = frozenset(
    {
        "msg_too_long",
        "msg_blocks_too_long",
        "msg_blocks_too_many",
        "invalid_blocks",
        "invalid_blocks_format",
        "block_mismatch",
        "no_text",
    }
)
_MOST_REPOSTS = 3
_COMPLAINTS = 3


@dataclass(slots=True)
class _Message:
    """One message of ours as it stands in Slack; an empty `ts` is one that has gone and must be posted again."""

    ts: str
    page: Page


class EditedReply:
    """A `Reply` that posts a message and edits it as the answer grows; long answers go on in further messages.

    `interval` is the least time between two writes of this answer in seconds. `has_status` says that the place has
    a thread, so that Slack's status line can show that we are at it; else a first message does.
    """

    def __init__(self, place: Place, *, reference: str, interval: float, has_status: bool) -> None:
        self._place = place
        self._reference = reference
        self._interval = interval
        self._answer = Answer()
        self._messages: list[_Message] = []
        self._pages: tuple[Page, ...] = ()
        self._pages_of: tuple[int, bool, int] | None = None
        self._thinking_at: float | None = None
        self._write_after = 0.0
        self._held_until = 0.0
        self._losses = 0
        self._lost_since = 0.0
        self._reposts = 0
        self._status = StatusLine(place.channel, place.thread_ts, works=has_status)
        self._minutes = 0
        self._complaint: Call | None = None
        self._given_up = ""
        self._over = False

    # The contract -----------------------------------------------------------------------------------------------

    def receive(self, event: ReplyEvent, now: float) -> None:
        self._status.receive(event, now)
        if isinstance(event, Thinking):
            self._thinking_at = now
        self._answer.receive(event)

    def next_call(self, now: float) -> Call | None:
        if self._over:
            return None
        if self._complaint is not None:
            return self._complaint if now >= self._held_until else None
        self._minutes = self._waited_minutes(now)
        write = self._next_write(now)
        # A post goes first, for it takes the status away by itself; an edit does not.
        call = write if isinstance(write, PostMessage) else self._status_call(now) or write
        if call is not None and call is write:
            self._write_after = now + self._interval
        if call is None and self._answer.ended and self._mismatch() is None:
            self._over = True
        return call

    def answered(self, call: Call, result: Result, now: float) -> None:
        if isinstance(call, SetStatus):
            self._status.answered(call, result, now)
        elif call is self._complaint:
            self._complained(result, now)
        else:
            self._write_answered(call, result, now)

    def wake_at(self, now: float) -> float | None:
        times = [self._held_until] if self._complaint is not None else []
        if self._pages_of != self._pages_key() or self._mismatch() is not None:
            times.append(max(self._write_after, self._held_until))
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
    def messages(self) -> tuple[str, ...]:
        return tuple(message.ts for message in self._messages if message.ts)

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

    def _mismatch(self) -> int | None:
        """The first message that does not stand as it should."""
        wanted = self._wanted()
        for number, page in enumerate(wanted):
            if number >= len(self._messages) or self._messages[number].page != page or not self._messages[number].ts:
                return number
        return len(wanted) if len(self._messages) > len(wanted) > 0 and self._answer.ended else None

    def _next_write(self, now: float) -> Call | None:
        if now < max(self._write_after, self._held_until):
            return None
        number = self._mismatch()
        if number is None:
            return None
        wanted = self._wanted()
        if number >= len(wanted):
            return DeleteMessage(channel=self._place.channel, ts=self._messages[-1].ts)
        return self._write(number, wanted[number])

    def _write(self, number: int, page: Page) -> Call:
        if number < len(self._messages) and self._messages[number].ts:
            ts = self._messages[number].ts
            return UpdateMessage(channel=self._place.channel, ts=ts, text=page.text, blocks=page.blocks)
        return PostMessage(
            channel=self._place.channel,
            thread_ts=self._place.thread_ts,
            text=page.text,
            blocks=page.blocks,
            mark=f"{self._reference}-{number}-{self._reposts}",
        )

    def _write_answered(self, call: Call, result: Result, now: float) -> None:
        match result:
            case Posted() | Accepted():
                self._losses = 0
                self._stands(call, result)
            case Limited(retry_after=seconds):
                self._held_until = now + seconds
            case Lost(reason=reason):
                self._lost(reason, now)
            case Refused(error=code):
                self._refused(call, code)

    def _stands(self, call: Call, result: Result) -> None:
        match call:
            case PostMessage(text=text, blocks=blocks) if isinstance(result, Posted):
                self._status.posted()
                page = Page(blocks=(), text="") if result.found else Page(blocks=blocks, text=text)
                message = _Message(ts=result.ts, page=page)
                gone = next((number for number, old in enumerate(self._messages) if not old.ts), None)
                if gone is None:
                    self._messages.append(message)
                else:
                    self._messages[gone] = message
            case UpdateMessage(ts=ts, text=text, blocks=blocks):
                for old in self._messages:
                    if old.ts == ts:
                        old.page = Page(blocks=blocks, text=text)
            case DeleteMessage(ts=ts):
                self._messages = [old for old in self._messages if old.ts != ts]

    def _lost(self, reason: str, now: float) -> None:
        self._lost_since = now if self._losses == 0 else self._lost_since
        if self._answer.ended and now - self._lost_since > PATIENCE:
            self._give_up(f"no answer from Slack: {reason}")
            self._over = True
            return
        self._held_until = now + BACKOFF[min(self._losses, len(BACKOFF) - 1)]
        self._losses += 1

    def _refused(self, call: Call, code: str) -> None:
        if isinstance(call, DeleteMessage):
            self._messages = [old for old in self._messages if old.ts != call.ts]
        elif isinstance(call, UpdateMessage) and code in _GONE and self._reposts < _MOST_REPOSTS:
            self._reposts += 1
            for old in self._messages:
                old.ts = "" if old.ts == call.ts else old.ts
        elif code in _SHAPE and not self._answer.in_plain_text:
            self._answer.in_plain_text = True
            self._answer.version += 1
        else:
            self._give_up(f"Slack refused: {code}")
            self._complain(code)

    def _complained(self, result: Result, now: float) -> None:
        self._losses += 1
        if isinstance(result, Limited | Lost) and self._losses <= _COMPLAINTS:
            self._held_until = now + (result.retry_after if isinstance(result, Limited) else BACKOFF[self._losses])
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
