"""Serves messages: direct messages, follow-ups in the bot's threads, mentions that come as nothing else, deletions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from slack_bolt.async_app import AsyncApp, AsyncBoltContext

from bot.slack.payload import deleted_message, incoming_message
from bot.workspace.workspace import Workspace
from handlers import stop
from handlers.intake import Intake, lease_of, stored_first
from handlers.questions import for_us, is_mentioned

# Slack tells of a mention there by `app_mention` too.
_TOLD_TWICE = frozenset({"channel", "group"})


def register(app: AsyncApp) -> None:
    """Listen to `message` in all its four subscriptions (channels, groups, im, mpim)."""

    async def read(workspace: Workspace, event: Mapping[str, object]) -> Intake | None:
        if (deleted := deleted_message(event)) is not None:
            await stop.deleted(workspace, deleted)
            return None
        message = incoming_message(event)
        if message is None or message.edited:
            return None
        intake = await for_us(workspace, message)
        if intake is None or not is_mentioned(workspace, message) or message.channel_type not in _TOLD_TWICE:
            return intake
        return replace(intake, is_twin=True)

    @app.event("message", middleware=[stored_first(read)])
    async def on_message(workspace: Workspace, context: AsyncBoltContext) -> None:
        workspace.begin(lease_of(context))
