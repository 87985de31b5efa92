"""Sets, renews and removes the status line under a thread, which says that the bot is at work."""

from __future__ import annotations

import math
from collections.abc import Callable

from bot.flowise.events import Token
from bot.reply.answer import Answer
from bot.reply.contract import ArrivedEvent
from bot.reply.growing_text import Text
from bot.reply.pace import BACKOFF
from bot.slack import wording
from bot.slack.calls import Accepted, Limited, Lost, Posted, Result, SetStatus
from bot.slack.wording_of_steps import using

# Slack drops a status after two minutes (Slack docs, assistant.threads.setStatus).
RENEWAL = 90.0
# Seconds without new text after which the line says that the bot is still at work.
AFTER_SILENCE = 10.0
# The least time in seconds for which the line names one step of a flow before it names the next: an iteration may take
# ten steps a second, and what nobody can read is not worth a call.
STEP_STAYS = 3.0
# How long a step must run after the last text, in seconds, before the line names it: the line costs two calls then.
STEP_LASTS = 1.5
# The longest rate limit, in seconds, after which the line is set again; no text waits for it meanwhile.
_SHORT = 5.0


class StatusLine:
    """The status line of one answer. `thread_ts` None: there is none in this place. Times are seconds of one clock.

    `may_stand`: another process, or another reply of this one, may have set it before. `thinking` is what it says while
    no tool runs.
    """

    renewal = RENEWAL
    longest_wait = 15.0
    """The longest rate limit, in seconds, after which it is removed again: the thread's next question waits for it, and
    Slack removes the line by itself in two minutes."""
    tries = 4
    """How often its removal is tried in all."""

    def __init__(
        self,
        channel: str,
        thread_ts: str | None,
        *,
        works: bool,
        may_stand: bool = False,
        thinking: str = wording.STATUS_THINKING,
    ) -> None:
        self._thinking = thinking
        self.works = works and thread_ts is not None
        self._channel = channel
        self._thread_ts = thread_ts or ""
        self._shown = wording.STATUS_NONE
        self._may_stand = may_stand and thread_ts is not None
        self._is_ours = False
        self._set_at = 0.0
        self._held_until = 0.0
        self._text_at = 0.0
        self._tries = 0

    def receive(self, event: ArrivedEvent, now: float) -> None:
        if isinstance(event, Token):
            self._text_at = now

    def posted(self) -> None:
        """Note that a message was posted: Slack then removes the line by itself. It does not for an edit, nor for a
        message that was found."""
        self._shown, self._may_stand = wording.STATUS_NONE, False

    def next_call(self, answer: Answer[Text], now: float, *, post_is_due: Callable[[], bool]) -> SetStatus | None:
        """The call that the line needs now. If `post_is_due`, it need not be removed."""
        wanted = self._wanted(answer, now)
        if wanted == wording.STATUS_NONE:
            # While a question waits, the line under its thread is that of the answer before it.
            has_turn = self._is_ours or answer.thinking or answer.ended
            return self.removal(now) if has_turn and not post_is_due() else None
        stale = now - self._set_at >= self.renewal
        if (wanted == self._shown and not stale) or now < max(self._held_until, self._step_until(answer)):
            return None
        return self._call(wanted)

    def _step_until(self, answer: Answer[Text]) -> float:
        """Until when the line stays as it is, because it names a step of the flow or would name one."""
        names_step = self._shown not in (wording.STATUS_NONE, self._thinking)
        return self._set_at + STEP_STAYS if names_step and answer.fetching is None else 0.0

    def removal(self, now: float) -> SetStatus | None:
        """The call that removes the line, if it may stand and the call may be made now."""
        return self._call(wording.STATUS_NONE) if self._may_stand and now >= self._held_until else None

    @property
    def may_stand(self) -> bool:
        """Whether a line may stand that is still to be removed."""
        return self._may_stand

    def _call(self, status: str) -> SetStatus:
        return SetStatus(channel=self._channel, thread_ts=self._thread_ts, status=status)

    def _wanted(self, answer: Answer[Text], now: float) -> str:
        if not self.works or not answer.thinking:
            return wording.STATUS_NONE
        if answer.fetching is not None:
            return wording.STATUS_FETCHING
        if answer.empty or answer.running or now >= self._silent_at(answer):
            return using(answer.running) if answer.running else answer.steps.status or self._thinking
        return wording.STATUS_NONE

    def _silent_at(self, answer: Answer[Text]) -> float:
        """When the text that stands no longer shows that the bot is at work."""
        began = answer.steps.began_at
        runs_on = began + STEP_LASTS if began > self._text_at else math.inf
        return min(runs_on, self._text_at + AFTER_SILENCE)

    def answered(self, call: SetStatus, result: Result, now: float) -> None:
        if call.status == wording.STATUS_NONE:
            self._removed(result, now)
        else:
            self._set(call, result, now)

    def _set(self, call: SetStatus, result: Result, now: float) -> None:
        match result:
            case Posted() | Accepted():
                self._shown, self._set_at = call.status, now
                self._may_stand = self._is_ours = True
                self._tries = 0
            case Limited(retry_after=seconds) if seconds <= _SHORT:
                self._held_until = now + seconds
            case _:  # not available here, or not now: a first message shows that the bot is at work
                self.works = False
                self._shown = wording.STATUS_NONE
                if isinstance(result, Lost):
                    self._may_stand = self._is_ours = True

    def _removed(self, result: Result, now: float) -> None:
        self._tries += 1
        match result:
            case Limited(retry_after=seconds) if seconds <= self.longest_wait and self._tries < self.tries:
                self._held_until = now + seconds
            case Lost() if self._tries < self.tries:
                self._held_until = now + BACKOFF[min(self._tries, len(BACKOFF)) - 1]
            case _:
                self._shown, self._may_stand = wording.STATUS_NONE, False
                self._tries = 0

    def wake_times(self, answer: Answer[Text]) -> tuple[float, float]:
        """When the line next needs a look, without new events: the times that are still to come."""
        if self._shown != wording.STATUS_NONE:
            return (max(self._held_until, self._step_until(answer)), self._set_at + self.renewal)
        return (self._held_until, self._silent_at(answer) if self.works and answer.thinking else 0.0)
