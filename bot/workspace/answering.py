"""Knows how answers and our own sentences are brought to Slack, and with which last word when the bot stops."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from bot.conversation.question import Question
from bot.conversation.turn import Turns
from bot.delivery import Owner, deliver
from bot.errors import BotError, Interrupted, Postponed
from bot.mailbox import lease as leases
from bot.mailbox.lease import Lease
from bot.mailbox.leased_answer import Held, LeasedAnswer
from bot.mailbox.mailbox import Mailbox
from bot.pacing.governor import Governor
from bot.pacing.permits import Kind, Want
from bot.ports import Slack
from bot.reply.contract import Failed, Finished, Place, Reply, ReplyEvent, Sentence
from bot.reply.edited import EditedReply
from bot.reply.messages import NOTHING, Adopted
from bot.reply.native_first import NativeFirst
from bot.reply.observed import AnswerContext, Answers
from bot.reply.responded import RespondedReply
from bot.reply.streams import Mode, StreamSupport
from bot.slack.calls import (
    DeleteMessage,
    Limited,
    Lost,
    PostEphemeral,
    PostMessage,
    Result,
    UpdateMessage,
    method_of,
)
from bot.slack.text.blocks import fallback, plain
from bot.tasks import Tasks
from bot.thread import UnansweredQuestion, seconds

log = structlog.get_logger(__name__)

_TRIES = 4
# After a call whose answer was lost, in seconds; twice as long each time.
_BACKOFF = 1.0


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How answers are written: the settings SLACK_EDIT_INTERVAL, in seconds, BOT_MOST_MESSAGES and SLACK_DELIVERY.

    `answers` tells those who measure.
    """

    interval: float
    most_messages: int
    mode: Mode
    answers: Answers = field(default_factory=Answers)


@dataclass(frozen=True, slots=True)
class Clocks:
    """`now` is monotonic, `wall` is epoch seconds."""

    now: Callable[[], float]
    wall: Callable[[], float]


class Answering:
    """Answers questions, and says sentences. `invite` is how a person has the bot join a channel."""

    def __init__(
        self,
        conversations: Turns,
        slack: Slack,
        gate: Governor,
        mailbox: Mailbox,
        tasks: Tasks,
        writing: DeliverySettings,
        clocks: Clocks,
        *,
        invite: str,
    ) -> None:
        self._conversations = conversations
        self._slack = slack
        self._gate = gate
        self._mailbox = mailbox
        self._tasks = tasks
        self._writing = writing
        self._now = clocks.now
        self._wall = clocks.wall
        self._invite = invite
        self._streams = StreamSupport(writing.mode)

    async def answer(self, question: Question, lease: Lease) -> None:
        """Ask the flow and bring its answer to Slack."""
        place, reference = question.place, question.reference

        async def posted(ts: str) -> None:
            await self._conversations.chats.posted(question, ts)

        again = "" if place.response_url else json.dumps([lease.item.line, lease.item.reference])
        keeper = LeasedAnswer(lease, lambda: self._last_word(lease, place, again), again, posted)
        about = AnswerContext(question.thread, reference, max(0.0, self._wall() - seconds(question.ts)))
        reply = self._writing.answers.observed(self._answering(place, reference, lease), about)
        log.info("question", ref=reference, thread=str(question.thread), characters=len(question.text))
        try:
            async with self._gate.answering(reference):
                events = keeper.noted(self._conversations.turn(question, lease))
                ended = await self._deliver(reply, events, reference, keeper)
        except Exception:  # a mistake of ours: the person gets a last word all the same
            log.exception("answer failed by a mistake of ours", ref=reference)
            lease.look = True
            await self.fail(place, BotError("internal error"), lease)
            ended = False
        finally:
            if not lease.ours:
                reply.taken_over()
            reply.close()
            self._conversations.chats.delivered(question)
        if keeper.offers_again:
            lease.again = UnansweredQuestion(lease.item, lease.opened.messages)
        elif ended and lease.taken_over:
            self._tasks.start(self._write_again(lease, tuple(keeper.stands.values())), name="write again", later=True)

    async def _last_word(self, lease: Lease, place: Place, again: str) -> Failed | None:
        """Waits until we are stopped; the last word of an answer that nobody else goes on with."""
        reference = lease.item.reference
        await self._tasks.leaving.wait()
        others = self._mailbox.others > 0
        if not (others and not lease.was_asked):
            await self._tasks.stopping.wait()
        if lease.was_asked and not (others and self._conversations.reads_answers and again):
            return Failed(Interrupted("the bot was stopped"), reference, again)
        lease.handed_over = True
        return None if others else Failed(Postponed("the bot was stopped"), reference)

    def _answering(self, place: Place, reference: str, lease: Lease) -> Reply:
        """How an answer is written; one that another process has begun is written by edits of what stands."""
        if place.response_url:
            return self._responded(place)
        opened = lease.opened
        if lease.look or opened.messages:
            return self._edited(place, reference, Adopted(opened.messages, opened.stream, lease.look))
        if self._streams.mode is Mode.EDIT:
            return self._edited(place, reference)
        writing = self._writing
        return NativeFirst(
            place,
            reference=reference,
            interval=writing.interval,
            most=writing.most_messages,
            streams=self._streams,
        )

    async def _write_again(self, lease: Lease, calls: tuple[UpdateMessage, ...]) -> None:
        """Write the last state of an answer that we took over once more, one lease later, if it is still ours.

        Its first process may have stood still in the middle of a call, which then came after ours: Slack cannot refuse
        it, so what it has overwritten is put right. But we may have stood still too, and another process have gone on.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(leases.LEASE):
                await self._tasks.leaving.wait()

        async def is_last() -> bool:
            return lease.is_settled

        for call in calls:
            await self.post(call, applies=is_last)

    async def tell(self, place: Place, sentence: str, lease: Lease) -> None:
        """Say a sentence where everybody in the place sees it, in the message that stands already, if any."""
        await self._deliver(
            self._told(place, lease), _events(Sentence(sentence), Finished()), lease.item.reference, Held(lease)
        )

    async def fail(self, place: Place, error: BotError, lease: Lease, *, known_as: str = "") -> None:
        """Say that something went wrong, in what stands already, if anything does.

        `known_as` is told instead of the reference, where that one cannot be shown.
        """
        reference = known_as or lease.item.reference
        log.warning("apology", ref=reference, error=type(error).__name__, reason=str(error))
        await self._deliver(self._told(place, lease), _events(Failed(error, reference)), reference, Held(lease))

    async def whisper(self, place: Place, sentence: str, *, applies: Callable[[], Awaitable[bool]]) -> None:
        """Say a sentence to one person alone, while it `applies`."""
        call = PostEphemeral(
            channel=place.channel,
            user=place.user,
            thread_ts=place.thread_ts,
            text=fallback(sentence),
            blocks=plain(sentence),
        )
        result = await self.post(call, applies=applies)
        log.debug("whispered", result=type(result).__name__)

    def _told(self, place: Place, lease: Lease) -> Reply:
        """How a sentence is written."""
        if place.response_url:
            return self._responded(place)
        opened = lease.opened
        return self._edited(place, lease.item.reference, Adopted(opened.messages, opened.stream, lease.look))

    def _responded(self, place: Place) -> Reply:
        return RespondedReply(place, invite=self._invite)

    def _edited(self, place: Place, reference: str, adopted: Adopted = NOTHING) -> EditedReply:
        return EditedReply(
            place,
            reference=reference,
            interval=self._writing.interval,
            has_status=place.thread_ts is not None,
            most=self._writing.most_messages,
            adopted=adopted,
        )

    async def _deliver(
        self, reply: Reply, events: AsyncGenerator[ReplyEvent, None], reference: str, keeper: Owner
    ) -> bool:
        ended = await deliver(reply, events, self._slack, self._gate, now=self._now, keeper=keeper)
        if reply.given_up:
            log.warning("answer not delivered", ref=reference, reason=reply.given_up)
        return ended

    async def post(
        self,
        call: PostMessage | PostEphemeral | UpdateMessage | DeleteMessage,
        *,
        applies: Callable[[], Awaitable[bool]],
    ) -> Result | None:
        """Make one call that is not part of an answer, patiently: again after a rate limit or a lost reply.

        It may be made much later than it was decided. So each try, when nothing more is waited for, asks whether the
        call still `applies`; None: it did not, and was not made again.
        """
        result: Result = Lost("not tried")
        wanted_at = self._now()
        want = Want(method_of(call), call.channel, Kind.FIRST, since=wanted_at, unseen=0, last_write=wanted_at)
        for attempt in range(_TRIES):
            leave = await self._gate.granted(lambda: want)
            if not await applies():
                return None
            result = await self._slack.call(call)
            match result:
                case Limited(retry_after=seconds):
                    await self._gate.refused(leave, seconds)
                case Lost():
                    await asyncio.sleep(_BACKOFF * 2**attempt)
                case _:
                    return result
        return result


async def _events(*events: ReplyEvent) -> AsyncGenerator[ReplyEvent, None]:
    for event in events:
        yield event
