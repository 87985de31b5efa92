"""Decides who counts as a person, and as one of ours: Slack's events do not always tell.

A post by an app names the app and its bot, whether it used its own token or a person's, so users.info tells whether the
author is a person. That its bot has not written in the thread costs one read of it. Both are looked up after the
question is stored, because Slack waits three seconds only, and so such a post opens its thread a moment later. An app
that answers with a person's token alone, and never as a bot, is not recognised. users.info also tells the organisation
of a colleague in another workspace of the same Grid; it is asked only where we are in a Grid ourselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import structlog

from bot.errors import SlackRefused, SlackUnavailable
from bot.records.thread import Thread
from bot.slack.identity import Identity
from bot.slack.payload import IncomingMessage, is_external
from bot.slack.people import Person

log = structlog.get_logger(__name__)


class Authorship(Protocol):
    """What Slack tells of authors."""

    async def person(self, user: str) -> Person | None:
        """Who a user is, cached for a while; None if Slack does not tell."""
        ...

    async def bot_wrote(self, thread: Thread, *, app: str, bot: str) -> bool:
        """Whether an app has written in a thread as its bot, which may be known by its own id alone.

        Raises:
            SlackRefused, SlackUnavailable: the thread cannot be read.
        """
        ...


class Authors:
    """The authors of messages to the bot `identity` of the app `app`, whose id is empty where it is not known."""

    def __init__(self, slack: Authorship, identity: Identity, app: str) -> None:
        self._slack = slack
        self._identity = identity
        self._app = app

    async def is_person(self, message: IncomingMessage, thread: Thread) -> bool:
        """Whether a message is a person's: what an app has posted is, if it has used that person's own token.

        It is not where the app is ours, nor where its bot takes part in the thread: the two would talk for ever. The
        same holds where Slack does not tell.
        """
        if not message.app:
            return True
        if message.app == self._app:
            return False
        if message.bot:
            author = await self._slack.person(message.user)
            if author is None or author.is_bot:
                return False
        if message.in_dm or not message.in_thread:
            return True  # nobody else can have written there
        try:
            return not await self._slack.bot_wrote(thread, app=message.app, bot=message.bot)
        except (SlackRefused, SlackUnavailable) as error:
            log.info("thread not read", thread=str(thread), reason=str(error))
            return False

    async def is_outsider(self, user: str, teams: Sequence[str]) -> bool:
        """Whether somebody is of another organisation, `teams` being the ids that an event gives for theirs.

        A colleague in another workspace of our Grid has another team, but the same organisation.
        """
        if not is_external(teams, self._identity.organisations):
            return False
        if not self._identity.enterprise:
            return True
        person = await self._slack.person(user)
        return person is None or person.enterprise != self._identity.enterprise
