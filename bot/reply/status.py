"""Sets, renews and removes the status line under a thread, which says that the bot is at work."""

from __future__ import annotations

from collections.abc import Callable

from bot.flowise.events import Token
from bot.reply.answer import Answer, Text
from bot.reply.contract import ReplyEvent
from bot.slack import wording
from bot.slack.calls import Accepted, Limited, Posted, Result, SetStatus

# Slack drops a status after two minutes (Slack docs, assistant.threads.setStatus).
RENEWAL = 90.0
# Seconds without new text after which the line says that the bot is still at work.
AFTER_SILENCE = 10.0
# The longest rate limit, in seconds, after which the line is tried again; no text waits for it meanwhile.
_SHORT = 5.0


class StatusLine:
    """The status line of one answer. `thread_ts` None: there is none in this place. Times are seconds of one clock."""

    def __init__(self, channel: str, thread_ts: str | None, *, works: bool) -> None:
        self.works = works and thread_ts is not None
        self._channel = channel
        self._thread_ts = thread_ts or ""
        self._shown = wording.STATUS_NONE
        self._set_at = 0.0
        self._held_until = 0.0
        self._text_at = 0.0

    def receive(self, event: ReplyEvent, now: float) -> None:
        if isinstance(event, Token) and event.text:
            self._text_at = now

    def posted(self) -> None:
        """Note that a message was posted: Slack then removes the line by itself. It does not for an edit."""
        self._shown = wording.STATUS_NONE

    def next_call(self, answer: Answer[Text], now: float, *, post_is_due: Callable[[], bool]) -> SetStatus | None:
        """The call that the line needs now. If `post_is_due`, it need not be removed."""
        wanted = self._wanted(answer, now)
        stale = wanted != wording.STATUS_NONE and now - self._set_at >= RENEWAL
        if (wanted == self._shown and not stale) or now < self._held_until:
            return None
        if wanted == wording.STATUS_NONE and post_is_due():
            return None
        return SetStatus(channel=self._channel, thread_ts=self._thread_ts, status=wanted)

    def _wanted(self, answer: Answer[Text], now: float) -> str:
        if not self.works or not answer.thinking:
            return wording.STATUS_NONE
        if answer.empty or answer.running or now - self._text_at >= AFTER_SILENCE:
            return wording.using(answer.running)
        return wording.STATUS_NONE

    def answered(self, call: SetStatus, result: Result, now: float) -> None:
        if isinstance(result, Posted | Accepted):
            self._shown, self._set_at = call.status, now
            return
        if isinstance(result, Limited) and result.retry_after <= _SHORT:
            self._held_until = now + result.retry_after
            return
        # Not available here, or not now: a first message shows that the bot is at work. Slack drops an old line itself.
        self.works = self.works and call.status == wording.STATUS_NONE
        self._shown = wording.STATUS_NONE

    def wake_at(self, answer: Answer[Text]) -> float | None:
        """When the line next needs a look, without new events."""
        if self._held_until > max(self._set_at, self._text_at):
            return self._held_until
        if self._shown != wording.STATUS_NONE:
            return self._set_at + RENEWAL
        return self._text_at + AFTER_SILENCE if self.works and answer.thinking else None
