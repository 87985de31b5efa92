"""Finds out whether somebody of a workspace may ask, before anything of a question is kept, and says why not.

Whoever is refused is told so once an hour at most, whichever replica they meet, for each reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, assert_never

import structlog

from bot.config import access
from bot.config.access import Asker, Refusal
from bot.config.effective import Effective
from bot.errors import StoreUnavailable
from bot.ports.notes import Notices
from bot.slack import wording, wording_of_access
from bot.slack.people import Person
from bot.workspace.authors import Authors

log = structlog.get_logger(__name__)

# Once an hour somebody who is refused is told so.
_TOLD_SECONDS = 3600.0
# So many admins are named: a sentence with more of them is not read.
_MOST_NAMED = 3


class Membership(Protocol):
    """What Slack tells of people and user groups."""

    async def person(self, user: str) -> Person | None:
        """Who a user is, kept for a while; None if Slack does not tell."""
        ...

    async def members(self, group: str) -> frozenset[str] | None:
        """The users in a user group, as they are or were known last; None if Slack never told."""
        ...

    async def name(self, user: str) -> str:
        """The name of a user; empty if Slack does not tell."""
        ...


class Access:
    """Who may ask in the workspace `team`; `holds` returns the configuration that is in force."""

    def __init__(
        self, team: str, slack: Membership, authors: Authors, notices: Notices, holds: Callable[[], Effective]
    ) -> None:
        self._team = team
        self._slack = slack
        self._authors = authors
        self._notices = notices
        self._holds = holds

    async def refusal(self, user: str, channel: str, teams: Sequence[str] = ()) -> Refusal | None:
        """Why somebody is not answered in a channel; None: they are. `teams` are the ids of their organisation.

        Slack is asked only for what the rules are about.
        """
        rules, asker = self._holds().access, Asker(user, channel)
        wanted = access.facts(rules)
        if wanted.guest or not rules.outsiders:
            asker = replace(asker, is_outsider=await self._authors.is_outsider(user, teams))
        decided = access.refusal(rules, asker)
        if decided is not Refusal.UNKNOWN:
            return decided
        groups = sorted(wanted.groups)
        is_guest, members = await asyncio.gather(
            self._is_guest(user) if wanted.guest else asyncio.sleep(0, None),
            asyncio.gather(*map(self._slack.members, groups)),
        )
        return access.refusal(rules, replace(asker, is_guest=is_guest, groups=dict(zip(groups, members, strict=True))))

    async def _is_guest(self, user: str) -> bool | None:
        person = await self._slack.person(user)
        return person.is_guest if person is not None else None

    async def told_now(self, user: str, refusal: Refusal) -> str:
        """What somebody who is refused is told now; empty where they were told within the hour. While that cannot be
        known, nothing is said: replicas could not agree who does."""
        try:
            is_first = await self._notices.first(self._team, user, f"refused:{refusal.value}", _TOLD_SECONDS)
        except StoreUnavailable as error:
            log.warning("refusal not told", reason=str(error))
            return ""
        return await self.sentence(refusal) if is_first else ""

    async def sentence(self, refusal: Refusal) -> str:
        """Why somebody is not answered, and whom to ask."""
        match refusal:
            case Refusal.OUTSIDER:
                return wording.EXTERNAL
            case Refusal.CHANNEL:
                return wording_of_access.channel(await self._whom_to_ask())
            case Refusal.PERSON:
                return wording_of_access.person(await self._whom_to_ask())
            case Refusal.GUEST:
                return wording_of_access.guest(await self._whom_to_ask())
            case Refusal.UNKNOWN:
                return wording_of_access.unknown(await self._whom_to_ask())
            case _:
                assert_never(refusal)

    async def _whom_to_ask(self) -> str:
        admins = sorted(self._holds().admins)[:_MOST_NAMED]
        names = await asyncio.gather(*map(self._slack.name, admins))
        return wording_of_access.admins(list(filter(None, names)))
