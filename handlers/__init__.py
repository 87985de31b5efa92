"""Serves each Slack surface by a module: parse, store and hand over; and does what was stored, in any process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from slack_bolt.async_app import AsyncApp

from bot.workspace.workspace import Step
from handlers import (
    action,
    agent,
    command,
    decision,
    home,
    lifecycle,
    mention,
    message,
    modal,
    questions,
    rating,
    regenerate,
    suggestion,
)
from handlers.behaviour import Behaviour


def steps(behaviour: Behaviour) -> Mapping[str, Step]:
    """What is done for a stored question, by the surface it came through."""
    return {
        command.SURFACE: command.take,
        decision.SURFACE: decision.take,
        questions.SURFACE: partial(questions.take, behaviour),
        rating.SURFACE: rating.take,
        suggestion.SURFACE: suggestion.take,
        regenerate.SURFACE: regenerate.take,
    }


def register(app: AsyncApp, behaviour: Behaviour) -> None:
    """Listen on every surface. Bolt gives each listener the `workspace` that was found by `handlers.installations`."""
    lifecycle.register(app)
    if behaviour.agent_view:
        agent.register(app, behaviour)
    mention.register(app)
    message.register(app)
    command.register(app, behaviour)
    modal.register(app, behaviour)
    home.register(app)
    action.register(app, behaviour)
