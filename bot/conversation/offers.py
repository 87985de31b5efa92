"""Offers what can be pressed under an answer (passages, suggestions, a rating), and notes it before it is seen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal, TypeAlias

import structlog

from bot.conversation.passages import Passages
from bot.conversation.prediction_state import PredictionState
from bot.conversation.question import Question
from bot.errors import StoreUnavailable
from bot.ports.flowise import Flowise
from bot.ports.store import Store
from bot.records.answer_note import AnswerNote
from bot.records.thread import Item, Thread
from bot.reply.contract import AnswerButtons, PassagesOffered

log = structlog.get_logger(__name__)

WhenRated: TypeAlias = Literal["auto", "always", "off"]
"""Which answers can be rated: BOT_FEEDBACK. `auto`: those of a flow in which feedback is switched on."""


# Seconds. Slack gives a command three.
_PATIENCE = 1.0


class Offers:
    """What one flow, of that name, offers."""

    def __init__(self, flowise: Flowise, store: Store, flow: str, when_rated: WhenRated, passages: Passages) -> None:
        self._flowise = flowise
        self._store = store
        self._flow = flow
        self._when_rated = when_rated
        self._passages = passages

    async def passages(self, item: Item, state: PredictionState, text: str) -> Sequence[PassagesOffered]:
        """The button for the passages of a whole answer, whose final text this is, if it has any."""
        offered = await self._passages.offered(item, state, text)
        return () if offered is None else (offered,)

    async def buttons(
        self, question: Question, state: PredictionState, *, greets: bool = False
    ) -> AnswerButtons | None:
        """Suggestions and a rating; None where the answer is private, or the flow waits for a decision. `greets`: it is
        the first answer in a direct message."""
        if question.place.response_url or state.decision is not None or state.is_forgotten:
            return None
        config = await self._flowise.config()
        suggestions = state.follow_ups or (config.starter_prompts if greets else ())
        is_rated = self._when_rated == "always" or (self._when_rated == "auto" and config.feedback)
        stored = (state.chat.chat_id, state.row or "") if is_rated and state.row else ("", "")
        note = AnswerNote(question.asker, *stored, suggestions, flow=self._flow)
        return await self._noted(question.thread, question.reference, note)

    async def starters(self) -> tuple[str, ...]:
        """The flow's starter prompts; none where they are not to be had in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                return (await self._flowise.config()).starter_prompts
        return ()

    async def to_begin_with(self, thread: Thread, reference: str, user: str) -> AnswerButtons | None:
        """The flow's starter prompts, to stand under a sentence of ours in a thread; None where there are none, or
        where they are not to be had in time: somebody waits for the sentence."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                prompts = (await self._flowise.config()).starter_prompts
                return await self._noted(thread, reference, AnswerNote(user, suggestions=prompts, flow=self._flow))
        return None

    async def _noted(self, thread: Thread, reference: str, note: AnswerNote) -> AnswerButtons | None:
        if not (note.suggestions or note.message_id):
            return None
        try:
            await self._store.answers.keep(thread.line, reference, note)
        except StoreUnavailable as error:  # buttons that nobody could press are worse than none
            log.info("buttons left out", ref=reference, reason=str(error))
            return None
        return AnswerButtons(thread.line, reference, note.suggestions, rates=bool(note.message_id))
