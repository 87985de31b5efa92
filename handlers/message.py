"""Knows which messages are for the bot without a mention event: direct messages and follow-ups in its threads."""

from __future__ import annotations

from collections.abc import Mapping

from slack_bolt.async_app import AsyncApp

from bot.desk import Desk
from bot.slack.payload import Heard, calls_others, heard, mentions
from handlers.hearing import Manners, take


def register(app: AsyncApp, desk: Desk, manners: Manners) -> None:
    """Listen to `message` in all its four subscriptions (channels, groups, im, mpim)."""

    @app.event("message")
    async def on_message(event: Mapping[str, object]) -> None:
        message = heard(event)
        if message is None or message.edited:
            return
        to_us = desk.identity.bot_user in mentions(message.text)
        to_others = calls_others(message.text, desk.identity.bot_user)
        if message.in_dm:
            desk.start(take(desk, manners, message, addressed=True), name="direct message")
        elif to_us and message.channel_type == "mpim":
            # Whether app_mention comes in group messages is not documented; the claim lets both come.
            desk.start(take(desk, manners, message, addressed=True), name="group message")
        elif not to_us and not to_others and message.in_thread and manners.follow_ups_without_mention:
            desk.start(_follow_up(desk, manners, message), name="follow-up")


async def _follow_up(desk: Desk, manners: Manners, message: Heard) -> None:
    """A reply in a thread that the bot has answered in, unless it was asked to be quiet there."""
    known = await desk.store.conversation(desk.thread(message.channel, message.thread_ts))
    if known is not None and not known.quiet:
        await take(desk, manners, message, addressed=False)
