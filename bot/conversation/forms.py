"""Tells whether a flow begins with a form, or cannot be asked at all."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from bot.conversation.question import Question
from bot.errors import FlowStartedElsewhere, RunState
from bot.ports.flowise import Flowise
from bot.records.form import Form
from bot.reply.contract import AnswerButtons, Sentence, TurnEvent
from bot.slack import wording_of_forms
from bot.slack.form_view import fields_of

# Seconds. Slack waits three for whoever has typed a command.
_PATIENCE = 0.5


class Forms:
    """The form of one chatflow."""

    def __init__(self, flowise: Flowise) -> None:
        self._flowise = flowise

    async def form(self) -> Form | None:
        """The form that the flow begins with; None: it has none, or that cannot be read now.

        Raises:
            FlowStartedElsewhere: the flow begins with neither a form nor a question.
        """
        config = await self._flowise.config()
        if config.is_started_elsewhere:
            raise FlowStartedElsewhere(f"it begins with {config.start_input_type}", run=RunState.NOT_STARTED)
        return config.form if config.form is not None and fields_of(config.form) else None

    async def known(self) -> Form | None:
        """The form, if it is known at once."""
        with suppress(TimeoutError, FlowStartedElsewhere):
            async with asyncio.timeout(_PATIENCE):
                return await self.form()
        return None

    async def in_place_of_answer(self, question: Question, *, remembers: bool) -> tuple[TurnEvent, ...]:
        """What stands in place of an answer: a form is to be filled in first, unless the chat `remembers` one; or it
        was, and has other fields by now, for which Flowise would put placeholders. Empty where the question can be
        asked.

        Raises:
            FlowStartedElsewhere: the flow begins with neither a form nor a question.
        """
        if remembers and not question.form:
            return ()
        form = await self.form()
        if not question.form:
            return _to_be_filled_in(question) if form is not None else ()
        filled = {entry.name for entry in question.form}
        is_outdated = form is not None and any(field.name not in filled for field in fields_of(form))
        return (Sentence(wording_of_forms.FORM_OUTDATED),) if is_outdated else ()


def _to_be_filled_in(question: Question) -> tuple[TurnEvent, ...]:
    if question.place.response_url:
        return (Sentence(wording_of_forms.FORM_NEEDED_ELSEWHERE),)
    button = AnswerButtons(question.thread.line, question.reference, form=True)
    return (Sentence(wording_of_forms.FORM_NEEDED), button)
