"""Serves messages that are for the bot without a mention event: direct messages and follow-ups in its threads."""

from __future__ import annotations

from collections.abc import Mapping

from slack_bolt.async_app import AsyncApp, AsyncBoltContext

from bot.slack.payload import IncomingMessage, calls_others, incoming_message, mentions
from bot.workspace.workspace import Workspace
from handlers.intake import Intake, taken, taking_in
from handlers.questions import Behaviour, letter


def register(app: AsyncApp, behaviour: Behaviour) -> None:
    """Listen to `message` in all its four subscriptions (channels, groups, im, mpim)."""

    async def read(workspace: Workspace, event: Mapping[str, object]) -> Intake | None:
        message = incoming_message(event)
        if message is None or message.edited:
            return None
        to_us = workspace.identity.bot_user in mentions(message.text)
        # Whether app_mention comes in group messages is not documented; the claim lets both come.
        if message.in_dm or (to_us and message.channel_type == "mpim"):
            return letter(workspace, behaviour, message, addressed=True)
        if to_us or not message.in_thread or not behaviour.follow_ups_without_mention:
            return None
        if calls_others(message.text, workspace.identity.bot_user) or not await _is_ours(workspace, message):
            return None
        return letter(workspace, behaviour, message, addressed=False)

    @app.event("message", middleware=[taking_in(read)])
    async def on_message(workspace: Workspace, context: AsyncBoltContext) -> None:
        workspace.begin(taken(context))


async def _is_ours(workspace: Workspace, message: IncomingMessage) -> bool:
    """The bot has answered in the thread, and was not asked to be quiet there."""
    known = await workspace.store.conversation(workspace.thread(message.channel, message.thread_ts))
    return known is not None and not known.quiet
