"""Knows what to do when somebody mentions the bot in a channel."""

from __future__ import annotations

from collections.abc import Mapping

from slack_bolt.async_app import AsyncApp

from bot.desk import Desk
from bot.slack.payload import heard
from handlers.hearing import Manners, take, too_old_an_edit


def register(app: AsyncApp, desk: Desk, manners: Manners) -> None:
    """Listen to `app_mention`. An edit of a message fires it again; the claim tells an old question from a new one."""

    @app.event("app_mention")
    async def on_mention(event: Mapping[str, object]) -> None:
        message = heard(event)
        if message is not None and not too_old_an_edit(desk, message):
            desk.start(take(desk, manners, message, addressed=True), name="mention")
