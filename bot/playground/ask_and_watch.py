"""Asks the bot in the local Slack as a person would, and watches until the answer stands."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.errors import BotError
from bot.playground.program import BotProgram, TurnCounts
from bot.playground.screen import Screen, ScreenView
from bot.playground.slack import LocalSlack, Message

# After the turn is over, the last edit comes at once: an ending waits for nothing but Slack's own limits.
STILL_SECONDS = 2.0
# An edit that began after the turn was over shows a short answer whole: there is no further page to come.
SETTLED_SECONDS = 0.3
SHORT = 1_500
# A message that is no question to the bot gets no answer; a question is taken much sooner than this.
SILENT_SECONDS = 6.0
# Longer than a demo's answer may take; the bot's own limits end most waits sooner.
LONGEST_SECONDS = 600.0
_LOOK_SECONDS = 0.1
_WRITES = frozenset({"chat.postMessage", "chat.update"})


class NoAnswer(BotError):
    """The bot has not answered in time."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a question: the bot's messages (none: it kept silent), the seconds until the first of them, and
    whether the turn failed."""

    messages: tuple[Message, ...]
    first_after: float | None
    failed: bool

    @property
    def text(self) -> str:
        return "\n".join(message.plain for message in self.messages)


class AskAndWatch:
    """One person with the bot. `clock` is the local Slack's steady clock."""

    def __init__(
        self, slack: LocalSlack, program: BotProgram, screen: Screen, person: str, clock: Callable[[], float]
    ) -> None:
        self._slack, self._program, self._screen, self._person, self._clock = slack, program, screen, person, clock
        self._messages: dict[str, Message] = {}
        self._place: tuple[str, str] | None = None
        self._before = TurnCounts()
        self._changed_at = 0.0
        self._asked_at = 0.0
        self._over_at = 0.0
        self._woken = asyncio.Event()
        slack.on_change(self._changed)

    async def ask(self, channel: str, text: str, thread_ts: str | None = None) -> tuple[str, Answered]:
        """Write a message as the person types it, and watch; returns the message's `ts` too.

        Raises:
            NoAnswer: the answer does not come to its end.
            ProgramEnded: the bot has ended.
        """
        self._begin()
        wire = self._wire(text)
        ts = await self._slack.say(self._person, channel, wire, thread_ts=thread_ts)
        self._screen.said(next(message for message in self._slack.messages(channel) if message.ts == ts))
        return ts, await self._watched()

    def _wire(self, text: str) -> str:
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return re.sub(r"@flowise\b", f"<@{self._slack.bot_user_id}>", escaped)

    def _begin(self) -> None:
        self._messages.clear()
        self._place = None
        self._before = self._program.turns()
        self._asked_at = self._changed_at = self._clock()

    def _changed(self, kind: str, message: Message) -> None:
        if message.user != self._slack.bot_user_id:
            return
        if kind == "status":
            self._place = (message.channel, message.thread_ts or "")
        elif kind == "deleted":
            self._messages.pop(message.ts, None)
        elif message.at >= self._asked_at:
            self._messages[message.ts] = message
        self._changed_at = self._clock()
        self._woken.set()

    def _view(self) -> ScreenView:
        status = self._slack.status(*self._place) if self._place else ""
        return ScreenView(f"flowise {status}" if status else "", tuple(self._messages.values()))

    async def _watched(self) -> Answered:
        turns = self._before
        while True:
            self._woken.clear()
            self._program.check()
            now, seen = self._clock(), self._program.turns()
            if seen != turns:
                turns, self._changed_at, self._over_at = seen, now, now
            view = self._view()
            self._screen.show(view)
            if self._is_over(view, turns, now):
                self._screen.finish(view)
                return self._answered(view, turns)
            if now - self._asked_at > LONGEST_SECONDS:
                raise NoAnswer(f"the bot has not ended its answer in {LONGEST_SECONDS:g} s")
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                continue

    def _is_over(self, view: ScreenView, turns: TurnCounts, now: float) -> bool:
        if turns.open or view.status:
            return False
        if not view.messages and turns == self._before:
            still = SILENT_SECONDS
        else:
            still = SETTLED_SECONDS if self._is_whole(view, turns) else STILL_SECONDS
        return now - self._changed_at >= still

    def _is_whole(self, view: ScreenView, turns: TurnCounts) -> bool:
        short = len(view.messages) == 1 and len(view.messages[0].text) <= SHORT
        last = next((call for call in reversed(self._slack.calls) if call.method in _WRITES), None)
        return short and turns != self._before and last is not None and last.at >= self._over_at

    def _answered(self, view: ScreenView, turns: TurnCounts) -> Answered:
        first = min((message.at for message in view.messages), default=None)
        return Answered(
            view.messages,
            None if first is None else first - self._asked_at,
            failed=turns.failed > self._before.failed,
        )
