"""Brings the answer to a question to Slack, with a last word when the bot stops, and what is kept of it meanwhile."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from bot.background.tasks import Share
from bot.conversation.answer_files import AnswerFiles
from bot.conversation.artifact_texts import with_texts_under
from bot.conversation.question import Question
from bot.conversation.turn import Turns
from bot.errors import BotError, DecisionInterrupted, Interrupted, Postponed, StoreUnavailable
from bot.mailbox.lease import Lease
from bot.mailbox.leased_answer import LeasedAnswer
from bot.pacing.governor import Governor
from bot.records.thread import StopOutcome, StopRequest, UnansweredQuestion, button_value, seconds
from bot.reply.contract import Ending, Failed, Stopped
from bot.reply.observed import AnswerContext
from bot.slack.calls import UpdateMessage
from bot.slack.text.escaping import one_line, shorten
from bot.slack.text.steps_blocks import inert
from bot.workspace.process import Process
from bot.workspace.replies import Replies
from bot.workspace.sentences import Sentences

log = structlog.get_logger(__name__)

# Seconds within which a request arrives at Flowise, once it is noted. Before, it is not given up for another process:
# one that never arrived would be waited for in vain, and its asker told that it was interrupted.
_ARRIVES = 1.0
# Characters of a session's title (Slack docs, agents.sessions.setStatus).
_LONGEST_TITLE = 200


class Answering:
    """Answers the questions of one workspace."""

    def __init__(
        self,
        process: Process,
        tasks: Share,
        conversations: Turns,
        governor: Governor,
        replies: Replies,
        sentences: Sentences,
    ) -> None:
        self._process = process
        self._tasks = tasks
        self._conversations = conversations
        self._governor = governor
        self._replies = replies
        self._sentences = sentences

    async def turn_came(self, lease: Lease) -> bool:
        """Wait, unseen, until no question comes before this one; False if another process goes on with it."""
        waiting, leaving = asyncio.ensure_future(_first(lease)), asyncio.create_task(self._tasks.leaving.wait())
        try:
            await asyncio.wait({waiting, leaving}, return_when=asyncio.FIRST_COMPLETED)
            lease.handed_over = not waiting.done()
            return lease.ours
        finally:
            waiting.cancel()
            leaving.cancel()

    async def answer(self, question: Question, lease: Lease) -> None:
        """Ask the flow and bring its answer to Slack."""
        place, reference, chats = question.place, question.reference, self._conversations.chats

        async def posted(ts: str) -> None:
            await chats.posted(question, ts)

        async def stopped_in_slack() -> None:
            await self._stopped_in_slack(lease)

        can_be_asked_again = not place.response_url and question.decided is None
        again = button_value(lease.item) if can_be_asked_again else ""
        owner = LeasedAnswer(lease, lambda: self._last_word(question, lease, again), again, posted, stopped_in_slack)
        waited = max(0.0, self._process.wall() - seconds(lease.item.ts))
        about = AnswerContext(
            question.thread, reference, waited, asker=question.asker, tokens=lambda: lease.tokens_used
        )
        written = self._replies.for_answer(place, lease, title=title_of(question))
        reply = self._process.delivery.answers.observed(written, about)
        log.info("question begun", ref=reference, thread=str(question.thread), characters=len(question.text))
        files = self._files_of(question, lease)
        failed = False
        try:
            async with self._governor.answering(reference):
                turn = with_texts_under(self._conversations.turn(question, lease))
                events = files.taken_from(owner.noted(turn))
                ended = await self._sentences.bring(reply, events, reference, owner, files)
        except Exception:  # a mistake of ours: the person gets a last word all the same
            log.exception("answer failed by a mistake of ours", ref=reference)
            lease.look = True
            await self._sentences.fail(place, BotError("internal error"), lease, again=again)
            ended, failed = False, bool(again)
        finally:
            if not lease.ours:
                reply.taken_over()
            reply.close()
            files.close()
            chats.delivered(question)
        if lease.opened.stopped:
            lease.then(lambda: chats.stopped(question, lease.opened.messages))
        # A mistake of ours is told in place of what stood: no words of the answer are left.
        lease.again = UnansweredQuestion(lease.item, lease.opened.messages) if failed else owner.unanswered
        if lease.again is None and ended and lease.taken_over:
            last = self._write_again(lease, tuple(owner.stands.values()))
            self._tasks.start(last, name="write again", later=True)

    def _files_of(self, question: Question, lease: Lease) -> AnswerFiles:
        """The files that the flow makes for an answer, of the chat that was noted when Flowise was asked."""
        process = self._process
        return AnswerFiles(
            lambda: self._conversations.flow_asked(question, lease.opened),
            process.room,
            process.inline,
            largest=process.conversations.file_limit,
            opened=lambda: lease.opened,
        )

    async def _stopped_in_slack(self, lease: Lease) -> None:
        """A person has ended the answer's stream with Slack's own button."""
        request = StopRequest(at=self._process.wall())
        try:
            await self._process.mailbox.stop(lease.item.line, lease.item.reference, request)
        except StoreUnavailable as error:
            log.info("stop not noted", ref=lease.item.reference, reason=str(error))
        lease.stops(request)

    async def _last_word(self, question: Question, lease: Lease, again: str) -> Ending | None:
        """Waits until we are stopped; the last word of an answer that nobody else goes on with."""
        reference, tasks = lease.item.reference, self._tasks
        await tasks.leaving.wait()
        others = await self._process.mailbox.others(lease.item.team) > 0
        if lease.was_asked or not others:
            await tasks.stopping.wait()
            lease.handed_over = not lease.was_asked  # its turn may come meanwhile: it is not asked any more
            others = await self._process.mailbox.others(lease.item.team) > 0
        if lease.was_asked and lease.stopped.is_set():
            return Stopped(StopOutcome.UNKNOWN)
        can_go_on = not question.place.response_url and await self._conversations.reads_answers(question, lease.opened)
        if lease.was_asked and not (others and can_go_on):
            follows = question.decided is None and self._conversations.is_follow_up(question)
            kind = Interrupted if question.decided is None else DecisionInterrupted
            return Failed(kind("the bot was stopped"), reference, again, follows)
        if lease.was_asked:
            await asyncio.sleep(_ARRIVES - lease.asked_for)
        lease.handed_over = True
        return None if others else Failed(Postponed("the bot was stopped"), reference)

    async def _write_again(self, lease: Lease, calls: tuple[UpdateMessage, ...]) -> None:
        """Write the last state of an answer that we took over once more, one lease later, if it is still ours.

        Its first process may have stood still in the middle of a call, which then came after ours: Slack cannot refuse
        it, so what it has overwritten is put right. But we may have stood still too, and another process have gone on.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(self._process.mailbox.durations.lease):
                await self._tasks.leaving.wait()

        async def is_last() -> bool:
            # Where it ended with a decision, the buttons may have been replaced meanwhile.
            decision = await self._process.store.decisions.kept(lease.item.line, lease.item.reference)
            return lease.is_settled and (decision is None or decision.made is None)

        for call in calls:
            await self._sentences.post(call, applies=is_last)


def title_of(question: Question) -> str:
    """What an agent's thread is called: its first question, as one line that names and links nothing; empty later."""
    if not question.thread.is_session or question.ts != question.thread.thread_ts:
        return ""
    words = shorten(one_line(question.text), _LONGEST_TITLE)
    return shorten(inert(words), _LONGEST_TITLE) if words else ""


async def _first(lease: Lease) -> None:
    """Return once it is its turn, or the hold is lost."""
    before = await lease.place()
    while before:
        before = await lease.moved()
