"""Serves modals: what is submitted with each does what its row of `MODALS` says; closing one does nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.errors import StoreUnavailable
from bot.slack import wording
from bot.slack.views import Submission, objection, submission
from bot.workspace.workspace import Workspace
from handlers import command, decision, form, rating, refusals
from handlers.behaviour import Behaviour

log = structlog.get_logger(__name__)

Submitted: TypeAlias = Callable[[Workspace, Behaviour, Submission], Awaitable[str | Mapping[str, str]]]
"""Stores what was submitted, once, and returns why not, empty where it was: in a sentence, or for each field by its
block. Raises StoreUnavailable."""

MODALS: Final[Mapping[str, Submitted]] = {
    decision.COMMENT: decision.submitted,
    rating.COMMENT: rating.submitted,
    form.FORM: form.submitted,
    command.FORM: command.form_submitted,
}
"""The modals by their names."""


def register(app: AsyncApp, behaviour: Behaviour) -> None:
    """Listen to submissions. One that is not taken stays open with what was written, and the reason under it."""

    def listen(name: str, submitted: Submitted) -> None:
        @app.view(name)
        async def on_submission(workspace: Workspace, ack: AsyncAck, body: Mapping[str, object]) -> None:
            sent = submission(body)
            told = await _take(workspace, behaviour, submitted, sent)
            await ack(objection(told, sent) if told else {})

    for name, submitted in MODALS.items():
        listen(name, submitted)


async def _take(
    workspace: Workspace, behaviour: Behaviour, submitted: Submitted, sent: Submission
) -> str | Mapping[str, str]:
    """Store what was submitted, before it is acknowledged; returns why not, empty where it was."""
    try:
        found = await refusals.refusal(workspace, sent.user, "", sent.teams)
        if found is not None:
            return await workspace.in_time(workspace.access.sentence(found))  # it stays open, and cannot be silent
        return await submitted(workspace, behaviour, sent)
    except StoreUnavailable as error:
        log.warning("submission not stored", reason=str(error))
        return wording.NOT_TAKEN
