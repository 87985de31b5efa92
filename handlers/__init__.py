"""One module for each Slack surface: hear, store, hand over; and do what was stored, by whichever process."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp

from bot.errors import Unreadable
from bot.mailbox.lease import Lease
from bot.workspace.desk import Desk
from handlers import action, command, mention, message
from handlers import questions as hearing
from handlers.questions import Behaviour


def register(app: AsyncApp, desk: Desk, manners: Behaviour) -> None:
    """Wire every surface to the desk."""

    async def work(lease: Lease) -> None:
        if lease.item.surface == command.SURFACE:
            await command.take(desk, lease)
        elif lease.item.surface == hearing.SURFACE:
            await hearing.take(desk, manners, lease)
        else:
            raise Unreadable(f"a question of a surface that is not known here: {lease.item.surface!r}")

    desk.works(work)
    mention.register(app, desk, manners)
    message.register(app, desk, manners)
    command.register(app, desk, manners)
    action.register(app, desk, manners)
