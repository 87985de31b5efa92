"""Plays the people of a chaos run: each asks the questions of one thread at their times, as a person would."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from benchmarks.chaos.answers import question_about, suggested
from benchmarks.chaos.plan import Question, Surface, Talk
from benchmarks.chaos.sentences import is_open
from benchmarks.chaos.stage import CHANNELS, COMMAND, Stage
from bot.playground.slack.message import Message
from bot.slack import wording
from bot.slack.text.answer_blocks import ANSWER_BUTTONS, RATING
from bot.workspace.work import reference_of

# How long a person waits for the thread that a command opens before there is nothing to write in.
_THREAD_SECONDS = 60.0
# How long a person looks for a button, for the answer may wait for others.
_BUTTON_SECONDS = 30.0
# The same for those that rate an answer, which come with its end; and how long a person thinks before each press.
_RATING_SECONDS = 30.0
_RATING_PAUSE = 0.7
# How long a person looks at it before writing on.
_READING_SECONDS = 1.0


@dataclass(slots=True)
class Said:
    """A question as it was asked. `ts` is empty for a command; `root` is the thread, empty where there is none (yet).

    `event` is the type of the event that brings it to the bot; `told` is what a command was answered at once. One that
    a button asks has the `ts` of the message with the button as `pressed`.
    """

    token: str
    surface: Surface
    channel: str
    user: str
    at: float
    ts: str = ""
    root: str = ""
    event: str = "message"
    last: bool = False
    told: str = ""
    pressed: str = ""


@dataclass(frozen=True, slots=True)
class Press:
    """A press of a button under the message `ts`."""

    said: Said
    ts: str
    at: float
    acked: bool


@dataclass(frozen=True, slots=True)
class Decision(Press):
    """A press of one of the two buttons of a decision."""

    approves: bool = True


@dataclass(frozen=True, slots=True)
class Rating:
    """A press of one of the two buttons that rate an answer."""

    said: Said
    good: bool
    at: float
    acked: bool


class People:
    """Everybody who asks. `unasked` are the questions for which there was no thread to ask them in, `presses` those of
    the button that stops an answer, `ratings` those of the two that rate it, `regenerations` those of the button that
    asks its question anew, `decisions` those that decide for a flow that waits."""

    def __init__(self, stage: Stage, talks: Sequence[Talk]) -> None:
        self.said: list[Said] = []
        self.unasked: list[str] = []
        self.presses: list[Press] = []
        self.ratings: list[Rating] = []
        self.regenerations: list[Press] = []
        self.decisions: list[Decision] = []
        self._stage, self._talks = stage, talks
        self._roots: dict[int, str] = {}

    async def ask(self, begun: float) -> None:
        """Ask everything at its time, counted from `begun` on the steady clock."""
        async with asyncio.TaskGroup() as group:
            for talk in self._talks:
                group.create_task(self._talk(talk, begun))

    async def ask_last(self) -> None:
        """Ask the last question of each thread, after what is still to be decided there."""
        async with asyncio.TaskGroup() as group:
            for talk in self._talks:
                group.create_task(self._end(talk))

    async def _end(self, talk: Talk) -> None:
        for said in [said for said in self.said if talk.questions and said.token == talk.questions[-1].token]:
            if self._is_undecided(said):
                await self._decide(said, talk.questions[-1], after=0.0)
        await self._ask(talk, talk.last, last=True)

    async def _talk(self, talk: Talk, begun: float) -> None:
        async with asyncio.TaskGroup() as group:
            for question in talk.questions:
                await asyncio.sleep(begun + question.at - time.monotonic())
                said = await self._ask(talk, question)
                if said is not None and question.stop_after is not None:
                    group.create_task(self._stop(said, question.stop_after))
                if said is not None and question.ratings:
                    group.create_task(self._rate(said, question.ratings))
                if said is not None and question.regenerate_after is not None:
                    group.create_task(self._regenerate(said, question.regenerate_after))
                if said is not None and question.go_on_after is not None and suggested(said.token):
                    group.create_task(self._go_on(said, question.go_on_after))
                if said is not None and question.decide_after is not None:
                    group.create_task(self._decide(said, question, question.decide_after))

    async def _rate(self, said: Said, ratings: Sequence[bool]) -> None:
        """Rate an answer, once it is whole, as often as that."""
        slack = self._stage.slack
        with suppress(TimeoutError, LookupError):
            await slack.until(lambda: self._rateable(said) is not None, _RATING_SECONDS)
            for good in ratings:
                await asyncio.sleep(_RATING_PAUSE)
                if (found := self._rateable(said)) is None:
                    return
                where = {"type": "message", "channel": said.channel, "ts": found.ts}
                chosen = {"type": "feedback_buttons", "value": _value(found, good=good)}
                done = await slack.act(said.user, where, ANSWER_BUTTONS[1], RATING, chosen)
                self.ratings.append(Rating(said, good, time.monotonic(), done.acked))

    def _rateable(self, said: Said) -> Message | None:
        """The message with those buttons; None where it is not seen."""
        for message in self._stage.slack.messages(said.channel):
            if _value(message, good=True) and said.token in message.plain:
                return message
        return None

    async def _stop(self, said: Said, after: float) -> None:
        """Press the button that stops an answer, if it is seen before the answer has ended."""
        await asyncio.sleep(after)
        slack = self._stage.slack
        with suppress(TimeoutError, LookupError):
            await slack.until(lambda: bool(self._under(said, wording.STOP)), _BUTTON_SECONDS)
            ts = self._under(said, wording.STOP)
            done = await slack.press(said.user, said.channel, ts, wording.STOP)
            self.presses.append(Press(said, ts, time.monotonic(), done.acked))

    async def _regenerate(self, said: Said, after: float) -> None:
        """Press the button that asks a question anew twice, if it is seen."""
        await asyncio.sleep(after)
        slack = self._stage.slack
        with suppress(TimeoutError, LookupError):
            await slack.until(lambda: bool(self._under(said, wording.REGENERATE)), _BUTTON_SECONDS)
            ts, at = self._under(said, wording.REGENERATE), time.monotonic()
            pressed = (slack.press(said.user, said.channel, ts, wording.REGENERATE) for _ in range(2))
            done = await asyncio.gather(*pressed)
            self.regenerations.append(Press(said, ts, at, any(one.acked for one in done)))

    async def _go_on(self, said: Said, after: float) -> None:
        """Press the button that asks what the flow suggests after an answer twice, if it is seen."""
        await asyncio.sleep(after)
        slack, token = self._stage.slack, suggested(said.token)
        label = question_about(token)
        with suppress(TimeoutError, LookupError):
            await slack.until(lambda: bool(self._suggesting(said, label)), _BUTTON_SECONDS)
            ts = self._suggesting(said, label)
            root = said.root or self.opened(said)
            then = Said(token, said.surface, said.channel, said.user, time.monotonic(), root=root, pressed=ts)
            self.said.append(then)
            await asyncio.gather(*(slack.press(said.user, said.channel, ts, label) for _ in range(2)))

    def _suggesting(self, said: Said, label: str) -> str:
        """The `ts` of the message of its answer with a button of that label; empty where none is seen."""
        for message in self._stage.slack.messages(said.channel):
            if said.token in message.plain and label in message.plain.splitlines():
                return message.ts
        return ""

    async def _decide(self, said: Said, question: Question, after: float) -> None:
        """Press the same one of the two buttons of a decision twice, if they are seen."""
        await asyncio.sleep(after)
        slack = self._stage.slack
        with suppress(TimeoutError, LookupError):
            await slack.until(lambda: bool(self._open(said)), _BUTTON_SECONDS)
            ts, at = self._open(said), time.monotonic()
            label = "Proceed" if question.approves else "Reject"
            done = await asyncio.gather(*(slack.press(said.user, said.channel, ts, label) for _ in range(2)))
            acked = any(one.acked for one in done)
            self.decisions.append(Decision(said, ts, at, acked, approves=question.approves))

    def _is_undecided(self, said: Said) -> bool:
        """Whether buttons stand that the person has not pressed; or in vain, as far as the person knows."""
        ts, private = self._open(said), self._stage.slack.ephemerals(said.channel, said.user)
        pressed = [press for press in self.decisions if press.acked and press.ts == ts]
        return bool(ts) and all(any(message.at >= press.at for message in private) for press in pressed)

    def _open(self, said: Said) -> str:
        """The `ts` of the newest message of its thread with the buttons of a decision; empty where none is seen."""
        slack = self._stage.slack
        found = [
            message.ts
            for message in slack.messages(said.channel)
            if (said.surface is Surface.DIRECT or message.root == said.root)
            and message.user == slack.bot_user_id
            and is_open(message.plain)
        ]
        return max(found, key=float, default="")

    def _under(self, said: Said, button: str) -> str:
        """The `ts` of the message of its answer with that button; empty where none is seen."""
        own = reference_of(self._stage.slack.team_id, said.channel, said.ts) if said.ts else ""
        for message in self._stage.slack.messages(said.channel):
            payload = (message.metadata or {}).get("event_payload")
            mark = str(payload.get("mark", "")) if isinstance(payload, dict) else ""
            is_own = said.token in message.plain or (own and mark.startswith(own))
            if is_own and button in message.plain.splitlines():
                return message.ts
        return ""

    async def _ask(self, talk: Talk, question: Question, *, last: bool = False) -> Said | None:
        slack = self._stage.slack
        user = slack.user(f"person {talk.number}")
        if talk.surface is Surface.DIRECT:
            direct = Said(question.token, talk.surface, slack.dm(user), user, time.monotonic(), last=last)
            await self._write(direct)
            return direct
        channel = self._stage.channel(talk.number % CHANNELS, user)
        said = Said(question.token, talk.surface, channel, user, time.monotonic(), last=last)
        first = talk.number not in self._roots
        if talk.surface is Surface.COMMAND and first:
            await self._command(talk, said)
            return said
        said.root = self._roots.get(talk.number, "")
        said.event = "message" if question.plainly and self._has_answered(said) else "app_mention"
        await self._write(said)
        self._roots.setdefault(talk.number, said.ts)
        return said

    async def _write(self, said: Said) -> None:
        mention = f"<@{self._stage.slack.bot_user_id}> " if said.event == "app_mention" else ""
        self.said.append(said)
        said.ts = await self._stage.slack.say(
            said.user, said.channel, f"{mention}{question_about(said.token)}", thread_ts=said.root or None
        )
        said.root = said.root or said.ts

    async def _command(self, talk: Talk, said: Said) -> None:
        self.said.append(said)
        slack = self._stage.slack
        done = await slack.command(said.user, said.channel, COMMAND, question_about(said.token))
        said.told = done.text
        if not done.acked or said.told:
            return
        with suppress(TimeoutError):
            await slack.until(lambda: bool(self.opened(said)), _THREAD_SECONDS)
        if root := self.opened(said):
            self._roots[talk.number] = root
            await asyncio.sleep(_READING_SECONDS)

    def opened(self, said: Said) -> str:
        """The `ts` of the message that shows a command's question and opens its thread; empty where there is none."""
        slack = self._stage.slack
        return next(
            (
                message.ts
                for message in slack.messages(said.channel)
                if message.user == slack.bot_user_id and not message.thread_ts and said.token in message.plain
            ),
            "",
        )

    def _has_answered(self, said: Said) -> bool:
        """Whether the person sees a word of the bot in the thread, and so writes on without a mention."""
        slack = self._stage.slack
        thread = slack.thread(said.channel, said.root) if said.root else []
        return any(message.user == slack.bot_user_id and message.ts != said.root for message in thread)


def _value(message: Message, *, good: bool) -> str:
    """What a press of one of the two buttons of a rating sends; empty where there are none."""
    blocks: Any = message.blocks
    for block in blocks:
        if block.get("block_id") == ANSWER_BUTTONS[1]:
            side = "positive_button" if good else "negative_button"
            return str(block["elements"][0][side]["value"])
    return ""
