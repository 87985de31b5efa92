"""Serves mentions of the bot in channels."""

from __future__ import annotations

from collections.abc import Mapping

from slack_bolt.async_app import AsyncApp, AsyncBoltContext

from bot.slack.payload import edited_after, incoming_message
from bot.workspace.workspace import Workspace
from handlers.intake import Intake, lease_of, stored_first
from handlers.questions import EDIT_SECONDS, for_us, is_mentioned


def register(app: AsyncApp) -> None:
    """Listen to `app_mention`. An edit of a message fires it again; the claim tells an old question from a new one."""

    async def read(workspace: Workspace, event: Mapping[str, object]) -> Intake | None:
        message = incoming_message(event)
        if message is None or edited_after(event) >= EDIT_SECONDS:
            return None
        if message.edited and not is_mentioned(workspace, message):
            return None
        return await for_us(workspace, message)

    @app.event("app_mention", middleware=[stored_first(read)])
    async def on_mention(workspace: Workspace, context: AsyncBoltContext) -> None:
        workspace.begin(lease_of(context))
