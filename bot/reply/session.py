"""Sets and resets the state of an agent's session: Slack shows that the bot is at work, and offers to stop it."""

from __future__ import annotations

from collections.abc import Callable

from bot.reply.answer import Answer
from bot.reply.growing_text import Text
from bot.reply.status import StatusLine
from bot.slack import wording
from bot.slack.calls import Accepted, Posted, Result, SetSession, SetStatus

# Slack takes a session that is `processing` for over after an hour (Slack docs, Agent sessions).
_RENEWAL = 3000.0


class SessionLine(StatusLine):
    """The session of the thread that an answer stands in: at work from its turn to its last word.

    No message removes it, and Slack believes it for an hour: so it is reset last of all, and with patience. `title` is
    what the session is called from its first answer on; empty where it has a name.
    """

    renewal = _RENEWAL
    longest_wait = 60.0
    tries = 8

    def __init__(self, channel: str, thread_ts: str, *, title: str = "", may_stand: bool = False) -> None:
        super().__init__(channel, thread_ts, works=True, may_stand=may_stand)
        self._title = title

    def posted(self) -> None:
        """A message leaves the session as it is."""

    def next_call(self, answer: Answer[Text], now: float, *, post_is_due: Callable[[], bool]) -> SetStatus | None:
        # What has ended is reset by the last call of all, behind the words that people wait for.
        return None if answer.ended else super().next_call(answer, now, post_is_due=post_is_due)

    def _wanted(self, answer: Answer[Text], now: float) -> str:
        at_work = self.works and (answer.thinking or self._is_ours)
        return self._thinking if at_work else wording.STATUS_NONE

    def answered(self, call: SetStatus, result: Result, now: float) -> None:
        if isinstance(result, Posted | Accepted):
            self._title = ""
        super().answered(call, result, now)

    def _call(self, status: str) -> SetSession:
        return SetSession(self._channel, self._thread_ts, status, self._title)
