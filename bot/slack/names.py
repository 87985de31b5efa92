"""Reads whose an id is, a person's, a channel's or a user group's, and who is in a group; keeps it for a while.

Where there is no name, a text shows the label that Slack gives, or else "somebody", "a channel", "a group"; no id.
Names are chosen by whoever likes to, so each is one line of at most 80 characters. The scopes `channels:read` and
`usergroups:read` are optional: the first refusal is remembered for an hour, so that an installation without them pays
one call an hour. All user groups come with one call, as Slack has none for a single one.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

import structlog

from bot.errors import SlackRefused, SlackUnavailable
from bot.slack.fields import string
from bot.slack.payload import mentions, unlabelled
from bot.slack.people import Person, person_of
from bot.slack.wire import Wire

log = structlog.get_logger(__name__)

_SECONDS = 3600.0
_SECONDS_WITHOUT = 60.0
# Who is in a group decides who may ask and who may decide: one that was changed counts soon.
_SECONDS_OF_MEMBERS = 300.0
_MOST_KEPT = 5_000
# The most ids of one text that are looked up, at once: the first message of an answer waits for them.
_MOST_AT_ONCE = 10

_GROUP = "S"  # the first letter of the ids of user groups
_ALL = "all"
_PUBLIC = "channels:read"
V = TypeVar("V")


class _Kept(Generic[V]):
    """Keeps what Slack tells of ids. `ask` asks it; `clock` is in seconds of any monotonic clock."""

    def __init__(
        self, ask: Callable[[str], Awaitable[V]], clock: Callable[[], float], seconds: float = _SECONDS
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._seconds = seconds
        self._kept: OrderedDict[str, tuple[float, V | None]] = OrderedDict()
        self._asked: dict[str, asyncio.Task[V | None]] = {}
        self._lacks_scope_until = 0.0

    async def several(self, keys: Sequence[str], most: int) -> dict[str, V]:
        """What Slack tells of some ids, of which at most so many are asked for, all at once."""
        asked = self.unknown(keys)[:most]
        wanted = [key for key in keys if key in asked or self._is_fresh(key)]
        found = await asyncio.gather(*(self.get(key) for key in wanted))
        return {key: value for key, value in zip(wanted, found, strict=True) if value is not None}

    def unknown(self, keys: Sequence[str]) -> list[str]:
        """The ids that Slack would have to be asked for."""
        return [key for key in keys if not self._is_fresh(key)]

    def _is_fresh(self, key: str) -> bool:
        known = self._kept.get(key)
        return known is not None and known[0] > self._clock()

    async def get(self, key: str) -> V | None:
        """What Slack tells of an id, or has told before it no longer answered; None where that is nothing."""
        if self._is_fresh(key):
            return self._kept[key][1]
        # Others who need the same meanwhile wait for the same request; if one is cancelled, the request is not.
        if key not in self._asked:
            self._asked[key] = task = asyncio.create_task(self._asked_now(key))
            task.add_done_callback(lambda _: self._asked.pop(key))
        return await asyncio.shield(self._asked[key])

    async def _asked_now(self, key: str) -> V | None:
        now, (_, known) = self._clock(), self._kept.get(key, (0.0, None))
        if now < self._lacks_scope_until:
            return known
        try:
            return self._keep(key, await self._ask(key), now + self._seconds)
        except (SlackRefused, SlackUnavailable) as error:
            log.debug("name not read", id=key, reason=str(error))
            if isinstance(error, SlackRefused) and error.code == "missing_scope":
                self._lacks_scope_until = now + _SECONDS
            # Kept for a while too: the first message waits for names, and must not wait for each time-out again.
            return self._keep(key, known, now + _SECONDS_WITHOUT)

    def _keep(self, key: str, value: V | None, until: float) -> V | None:
        self._kept[key] = (until, value)
        self._kept.move_to_end(key)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return value


class Names:
    """The people, channels and user groups of one workspace."""

    def __init__(self, wire: Wire, clock: Callable[[], float]) -> None:
        self._wire = wire
        self._people = _Kept(self._ask_person, clock)
        self._channels = _Kept(self._ask_channel, clock)
        self._groups = _Kept(self._ask_groups, clock)
        self._members = _Kept(self._ask_members, clock, _SECONDS_OF_MEMBERS)

    async def person(self, user: str) -> Person | None:
        """Who a user is; None if Slack does not tell."""
        return await self._people.get(user)

    async def channel(self, channel: str) -> str:
        """The name of a public channel; empty for any other conversation, or where Slack does not tell."""
        return await self._channels.get(channel) or ""

    async def members(self, group: str) -> frozenset[str] | None:
        """The users in a user group, as they are or were known last; None where Slack has never told."""
        return await self._members.get(group)

    async def of(self, text: str, *, asker: str, but_not: str = "") -> Mapping[str, str]:
        """The names of those whom a text mentions, by their ids, as far as they can be had; `but_not` is not needed.

        Names of channels and groups are told to an `asker` who can see them: of public channels, to somebody who is
        neither a guest nor of another organisation. An id can be typed by hand, so it proves nothing.
        """
        users = [user for user in mentions(text) if user != but_not]
        bare = unlabelled(text)
        channels = [name for name in bare if not name.startswith(_GROUP)]
        room = max(0, _MOST_AT_ONCE - len(self._people.unknown(users)))
        people, rooms, groups, asking = await asyncio.gather(
            self._people.several(users, _MOST_AT_ONCE),
            self._channels.several(channels, room),
            self._groups.several([_ALL] if len(channels) < len(bare) else [], 1),
            self._people.several([asker] if bare and asker else [], 1),
        )
        known = {user: person.name for user, person in people.items()}
        if any(not person.is_limited for person in asking.values()):
            known |= {**groups.get(_ALL, {}), **rooms}
        return {key: name for key, name in known.items() if name}

    async def _ask_person(self, user: str) -> Person:
        answer = await self._wire.ask("users.info", {"user": user, "include_locale": True})
        found = answer.get("user")
        return person_of(found if isinstance(found, Mapping) else {})

    async def _ask_channel(self, channel: str) -> str:
        """The name of a public channel; empty for any other."""
        try:
            answer = await self._wire.ask("conversations.info", {"channel": channel})
        except SlackRefused as error:
            if error.code == "missing_scope" and error.needed not in {"", _PUBLIC}:
                return ""  # a private one, whose scope is never asked for
            raise
        found = answer.get("channel")
        if not isinstance(found, Mapping) or found.get("is_private") is not False or found.get("is_mpim") is True:
            return ""
        return string(found, "name")

    async def _ask_members(self, group: str) -> frozenset[str]:
        answer = await self._wire.ask("usergroups.users.list", {"usergroup": group})
        users = answer.get("users")
        return frozenset(user for user in users if isinstance(user, str)) if isinstance(users, list) else frozenset()

    async def _ask_groups(self, _: str) -> Mapping[str, str]:
        """The handles of all user groups: Slack has no method for one."""
        answer = await self._wire.ask("usergroups.list", {})
        found = answer.get("usergroups")
        groups = [group for group in found if isinstance(group, Mapping)] if isinstance(found, list) else []
        return {string(group, "id"): string(group, "handle") or string(group, "name") for group in groups}
