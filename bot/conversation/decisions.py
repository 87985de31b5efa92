"""Offers the decisions that flows wait for, proves that one is still open, and says what a failed one leaves.

Flowise resumes the newest run of a chat, whatever was pressed: a press on an older decision would approve something
newer, and a second resumption starves the first one's stream and runs a tool twice (measured on 3.1.4). So a decision
is passed on only if its run is the newest by our own note and, where the stored rows can be read, by theirs.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import structlog

from bot.conversation.question import Decided, Question
from bot.errors import (
    DecisionClosed,
    DecisionFailed,
    DecisionNodeGone,
    DecisionRunLost,
    FlowiseBroke,
    FlowiseEmpty,
    FlowiseError,
    FlowiseFailed,
    KeyRefused,
    RunState,
)
from bot.flowise.decisions import Choice, PauseState, Refusal, is_echo, refused
from bot.flowise.events import Decision, Event, Token, ToolCall
from bot.mailbox.retry import retried
from bot.ports.flowise import Flowise
from bot.ports.store import Store
from bot.records.decision import PendingDecision, PendingTool
from bot.records.thread import OpenAnswer, Run
from bot.reply.contract import DecisionOffered
from bot.slack import wording

log = structlog.get_logger(__name__)

# The nodes that ask before they use a tool. What they do after a decision may be done again after it has failed; of
# every other node the decision is used up (measured on Flowise 3.1.4).
_ASKS_BEFORE_A_TOOL = "agentAgentflow_"
# Seconds. Whatever the stream says meanwhile, and a stop, waits for this look into the stored rows.
_LOOKING = 2.0


class Decisions:
    """The decisions of one flow, of that name. `reads_answers`: there is an API key, with which stored rows can be
    read. `who` is the sentence that says who may decide. `wall` returns epoch seconds."""

    def __init__(
        self,
        flowise: Flowise,
        store: Store,
        *,
        flow: str,
        reads_answers: bool,
        who: str,
        wall: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._flowise = flowise
        self._store = store
        self._flow = flow
        self._reads_answers = reads_answers
        self._who = who
        self._wall = wall
        self._sleep = sleep

    async def offered(
        self, question: Question, chat_id: str, decision: Decision, run: Run, row: str
    ) -> DecisionOffered:
        """Note the decision that an answer has ended with, however long the store cannot be reached, and offer it.

        The run that waits is noted in any case; where nobody could press a button, none is offered.
        """
        waiting = replace(run, awaits_decision=True, resumes=False, left_at=self._wall(), after=row or None)
        if question.place.response_url or not decision.can_be_made:
            await self._noted(question, lambda: self._store.run_started(question.thread.line, chat_id, waiting))
            return DecisionOffered("", "", "", wording.DECISION_NEEDED, decision.tools)
        asked = PendingDecision(
            reference=question.reference,
            thread=question.thread,
            chat_id=chat_id,
            asker=question.asker,
            asker_is_external=question.asker_is_external,
            action_id=decision.id,
            approve=decision.approve,
            reject=decision.reject,
            node_id=decision.node_id,
            asks_feedback=decision.asks_feedback,
            tools=tuple(PendingTool(tool.name, tool.call_id) for tool in decision.tools),
            row=row,
            flow=self._flow,
        )
        return await self._offer(question, asked, waiting, decision.tools)

    async def offered_again(self, question: Question, made: Decided, *, has_failed: bool = False) -> DecisionOffered:
        """Offer a decision once more that was made and has had no effect; or whose tool may run again, if the run
        `has_failed` after it."""
        has_failed = has_failed or made.asked.has_failed
        asked = replace(made.asked, reference=question.reference, has_failed=has_failed)
        waiting = Run(self._wall(), self._wall(), agentflow=True, awaits_decision=True, after=asked.row or None)
        return await self._offer(question, asked, waiting, tuple(ToolCall(tool.name) for tool in asked.tools))

    async def _offer(
        self, question: Question, asked: PendingDecision, run: Run, tools: tuple[ToolCall, ...]
    ) -> DecisionOffered:
        waiting = replace(run, decision=asked.reference)
        await self._noted(question, lambda: self._store.decisions.offer(asked, waiting))
        log.info("decision offered", ref=question.reference)
        sentence = wording.decision_needed([tool.name for tool in tools], self._who)
        value = json.dumps([question.thread.line, asked.reference])
        return DecisionOffered(asked.approve, asked.reject, value, sentence, tools)

    async def _noted(self, question: Question, note: Callable[[], Awaitable[None]]) -> None:
        await retried(note, self._sleep, ref=question.reference)

    async def is_open(self, asked: PendingDecision) -> bool:
        """Whether a decision may be passed on: its run is the newest of its chat, and waits.

        Raises:
            StoreUnavailable: our own note cannot be read now.
            FlowiseError: the stored rows cannot be read now; nothing was started.
        """
        if not await self._store.decisions.is_newest(asked):
            return False
        try:
            state = await self.state_of(asked)
        except KeyRefused:  # as without a key
            return True
        except FlowiseError as error:
            error.run = RunState.NOT_STARTED
            raise
        if state in (None, PauseState.OPEN) or (state is PauseState.FAILED and asked.has_failed):
            return True
        await self._store.decisions.close(asked)
        return False

    async def prove_heard(self, decided: Decided | None, opened: OpenAnswer) -> None:
        """Prove that the stream of a run may still say something, although it is silent, if a decision has resumed it.

        Whoever decides in Flowise itself at the same time, or asks on the chat, gets its stream: the run goes on, and
        is not heard here any more (measured on Flowise 3.1.4).

        Raises:
            FlowiseBroke: its answer is stored already.
        """
        if decided is None or not self._reads_answers or opened.expected is None:
            return
        is_stored = False
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOKING):
                is_stored = await self._flowise.has_stored(opened.chat_id, opened.expected)
        if is_stored:
            raise FlowiseBroke("the stream is silent, and its answer is stored", run=RunState.UNKNOWN)

    async def state_of(self, asked: PendingDecision) -> PauseState | None:
        """What the stored rows say of a run; None where nothing tells. Raises FlowiseError where they cannot be read
        now."""
        if not self._reads_answers or not asked.row:
            return None
        return await self._flowise.pause_state(asked.chat_id, asked.row, asked.action_id)


def choice_of(decided: Decided | None) -> Choice | None:
    """What Flowise is told of a decision, if there is one."""
    if decided is None:
        return None
    asked, made = decided.asked, decided.made
    tools = tuple(ToolCall(tool.name, tool.call_id) for tool in asked.tools)
    decision = Decision(asked.action_id, asked.approve, asked.reject, node_id=asked.node_id, tools=tools)
    return Choice(decision, made.approves, made.feedback)


def without_echo(stored: tuple[Event, ...], decided: Decided | None) -> tuple[Event, ...]:
    """A stored answer without what only repeats the decision that it follows."""
    choice = choice_of(decided)
    return tuple(event for event in stored if not (isinstance(event, Token) and is_echo(event.text, choice)))


def failure(error: FlowiseError) -> FlowiseError:
    """The error of a resumption, where it has one of its own."""
    match error:
        case FlowiseEmpty():
            return DecisionNodeGone(str(error), run=error.run)
        case FlowiseFailed():
            kinds = {Refusal.CLOSED: DecisionClosed, Refusal.LOST: DecisionRunLost, None: DecisionFailed}
            return kinds[refused(str(error))](str(error), run=error.run)
    return error


def may_be_made_again(asked: PendingDecision, error: FlowiseError, failed_node: str) -> bool:
    """Whether a decision can safely be made once more after this error: nothing was started, or the very node that
    asked before it used a tool has failed, as the one that failed last in the run."""
    if isinstance(error, DecisionClosed | DecisionRunLost | DecisionNodeGone):
        return False
    if error.run is RunState.NOT_STARTED:
        return True
    is_own = failed_node == asked.node_id and asked.node_id.startswith(_ASKS_BEFORE_A_TOOL)
    return error.run is RunState.OVER and is_own
