"""Recovers the answer to a question that a process before this one has asked: it is never asked for again."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress

import structlog

from bot.conversation.chats import Chat, Chats
from bot.conversation.decisions import Decisions, without_echo
from bot.conversation.last_words import ends_with_question
from bot.conversation.offers import Offers
from bot.conversation.prediction_state import PredictionState
from bot.conversation.question import Question
from bot.conversation.regeneration import newest_answer, under_answer
from bot.conversation.runs import Runs
from bot.errors import DecisionFailed, DecisionInterrupted, FlowiseError, Interrupted, RunState
from bot.flowise.decisions import PauseState
from bot.mailbox.lease import Lease
from bot.records.thread import Item, NotedFlow, Run, StopOutcome
from bot.reply import journal
from bot.reply.contract import (
    DecisionOffered,
    FetchingRest,
    KeptEvent,
    Remark,
    ReplyEvent,
    Stopped,
    Thinking,
    TurnEvent,
)
from bot.slack import wording

log = structlog.get_logger(__name__)


class Recovery:
    """Goes on with what others have asked. `reads_answers`: there is an API key, with which stored answers can be
    read."""

    def __init__(self, runs: Runs, chats: Chats, decisions: Decisions, offers: Offers, *, reads_answers: bool) -> None:
        self._runs = runs
        self._chats = chats
        self._decisions = decisions
        self._offers = offers
        self._reads_answers = reads_answers

    async def recovered(self, question: Question, lease: Lease) -> AsyncGenerator[TurnEvent, None]:
        """The answer to a question that a process which is gone has asked."""
        opened, line = lease.opened, question.thread.line
        kept = journal.read(opened.journal)
        # A decision is offered last.
        if opened.whole or any(isinstance(event, DecisionOffered) for event in kept):
            for event in kept:
                yield event
            self._recovers(question, lease, kept)
            return
        if question.place.thread_ts is not None:  # without a thread, it would overwrite what is there
            yield Thinking()
            if self._reads_answers:
                yield FetchingRest(quietly=True)
        if (again := await self._offered_untold(question)) is not None:
            yield again
            raise Interrupted("the process that was to pass a decision on is gone, and Flowise still waits for it")
        stored = await self._runs.answer_of(line, opened, ref=question.reference)
        for event in kept:
            if stored is None or isinstance(event, Remark):
                yield event
        if stored is None:
            kind = Interrupted if question.decided is None else DecisionInterrupted
            raise kind("the process that wrote the answer is gone, and Flowise has no answer stored")
        log.info("answer recovered", ref=question.reference, source="Flowise's stored messages")
        stored = without_echo(stored, question.decided)
        state = PredictionState(Run(opened.asked_at), Chat(opened.chat_id, 0, NotedFlow(opened.flow, "")))
        shown = tuple(event for event in stored if state.takes(event))
        under = await self._last_lines(question, state, has_words=bool(shown))
        passages = await self._offers.passages(lease.item, state, "".join(state.text_so_far))
        newest = self._recovers(question, lease, (*shown, *under))
        buttons = await self._offers.buttons(question, state) if shown else None
        last = under_answer(question, newest, buttons, same_chat=bool(opened.after), is_first=opened.is_first)
        for event in (*shown, *under, *passages, *last):
            yield event

    def _recovers(self, question: Question, lease: Lease, events: Sequence[ReplyEvent]) -> Item | None:
        """Have it noted that a chat has answered, with these events; what is kept to regenerate the answer."""
        awaits, asks = any(isinstance(event, DecisionOffered) for event in events), ends_with_question(events)
        newest = newest_answer(question, lease.item, awaits_decision=awaits)
        lease.then(self._chats.answered_again(question, lease.opened.chat_id, asks=asks, newest=newest))
        return newest

    async def _last_lines(
        self, question: Question, state: PredictionState, *, has_words: bool
    ) -> tuple[KeptEvent, ...]:
        """What stands under a stored answer: the decision that its flow waits for, or that nothing follows one."""
        if state.decision is not None:
            chat_id, row = state.chat.chat_id, state.row or ""
            return (await self._decisions.offered(question, chat_id, state.decision, state.run, row),)
        return () if has_words or question.decided is None else (Remark(wording.DECISION_DONE),)

    async def _offered_untold(self, question: Question) -> DecisionOffered | None:
        """What offers a decision again that Flowise certainly was not told of, although that was noted: it still waits.

        Raises:
            DecisionFailed: it was told, and the run has failed since.
        """
        decided = question.decided
        if decided is None or not decided.asked.node_id:  # those of older flows are not seen to run
            return None
        try:
            state = await self._decisions.state_of(decided.asked)
        except FlowiseError as error:
            log.info("stored rows not read", ref=question.reference, reason=str(error))
            return None
        if state is PauseState.FAILED and not decided.asked.has_failed:
            raise DecisionFailed("the run has failed after the decision", run=RunState.OVER)
        if state is not PauseState.OPEN:
            return None
        return await self._decisions.offered_again(question, decided)

    async def closed(self, question: Question, lease: Lease) -> AsyncGenerator[TurnEvent, None]:
        """What had come of an answer that a process which is gone has asked for, where a person has stopped it.

        Nothing more of it is looked for. The run may go on in Flowise; if it is an agent flow's, it is asked to stop.
        """
        opened, line = lease.opened, question.thread.line
        for event in journal.read(opened.journal):
            yield event
        outcome = _told_before(opened.stopped)
        if outcome is None:
            run = await self._runs.noted(line, opened)
            await self._runs.left(line, opened.chat_id, run)
            outcome = StopOutcome.UNKNOWN
        yield Stopped(outcome)


def _told_before(stopped: str) -> StopOutcome | None:
    """How the answer ended, as the process before us has told it; None where it has not."""
    with suppress(ValueError):
        return StopOutcome(stopped)
    return None
