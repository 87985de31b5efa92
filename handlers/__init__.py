"""Serves each Slack surface by a module: parse, store and hand over; and does what was stored, in any process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from slack_bolt.async_app import AsyncApp

from bot.workspace.desk import Desk, Work
from handlers import action, command, mention, message, questions
from handlers.questions import Behaviour


def works(behaviour: Behaviour) -> Mapping[str, Work]:
    """What is done for a stored question, by the surface it came through."""
    return {command.SURFACE: command.take, questions.SURFACE: partial(questions.take, behaviour)}


def register(app: AsyncApp, desk: Desk, behaviour: Behaviour) -> None:
    """Listen on every surface."""
    mention.register(app, desk, behaviour)
    message.register(app, desk, behaviour)
    command.register(app, desk, behaviour)
    action.register(app, desk, behaviour)
