"""Knows what to do when somebody mentions the bot in a channel."""

from __future__ import annotations

from collections.abc import Mapping

from slack_bolt.async_app import AsyncApp, AsyncBoltContext

from bot.slack.payload import edited_after, incoming_message
from bot.workspace.desk import Desk
from handlers.intake import Intake, taken, taking_in
from handlers.questions import EDIT_SECONDS, Behaviour, letter


def register(app: AsyncApp, desk: Desk, manners: Behaviour) -> None:
    """Listen to `app_mention`. An edit of a message fires it again; the claim tells an old question from a new one."""

    async def read(event: Mapping[str, object]) -> Intake | None:
        message = incoming_message(event)
        if message is None or edited_after(event) >= EDIT_SECONDS:
            return None
        return letter(desk, manners, message, addressed=True)

    @app.event("app_mention", middleware=[taking_in(desk, read)])
    async def on_mention(context: AsyncBoltContext) -> None:
        desk.begin(taken(context))
