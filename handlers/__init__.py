"""One module for each Slack surface: hear, make a question, hand over."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp

from bot.desk import Desk
from handlers import action, command, mention, message
from handlers.hearing import Manners


def register(app: AsyncApp, desk: Desk, manners: Manners) -> None:
    """Wire every surface to the desk."""
    mention.register(app, desk, manners)
    message.register(app, desk, manners)
    command.register(app, desk, manners)
    action.register(app)
