"""Stores what people have set in Slack, and which process draws whose Home tab."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import cast

from redis.asyncio import Redis

from bot.store.stops import AskStore

_DRAWN_FOR = 600_000
# A person's choice goes a year after its last use: nobody looks for it in a workspace that they have left.
_CHOICE = 365 * 86_400_000

# KEYS: settings. ARGV: before, after. Twice the same counts once.
_REPLACE = """
local now = redis.call('GET', KEYS[1]) or ''
if now == ARGV[2] then return 1 end
if now ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""


class RedisHome:
    """Implements `bot.ports.home.HomeNotes`."""

    def __init__(self, client: Redis, ask: AskStore, prefix: str) -> None:
        self._client = client
        self._ask = ask
        self._prefix = prefix
        self._replace = client.register_script(_REPLACE)

    async def settings(self, team: str) -> str:
        """What admins have set, as JSON; empty where nothing was set."""
        return await self._text(self._client.get(self._key(team, "settings")))

    async def replace_settings(self, team: str, before: str, after: str) -> bool:
        """Set `after` in place of `before`; False where something else was set meanwhile."""
        return bool(await self._ask(self._replace(keys=[self._key(team, "settings")], args=[before, after])))

    async def flow(self, team: str, user: str) -> str:
        """The flow that a person has chosen for their direct messages, for a year from now on."""
        return await self._text(self._client.getex(self._key(team, f"flow:{user}"), px=_CHOICE))

    async def choose_flow(self, team: str, user: str, flow: str) -> None:
        """Keep the flow that a person has chosen; empty: none any more."""
        key = self._key(team, f"flow:{user}")
        await self._ask(self._client.set(key, flow, px=_CHOICE) if flow else self._client.delete(key))

    async def opened(self, team: str, user: str, by: str) -> None:
        """Note for ten minutes that a person's Home was drawn by the process `by` as they opened it."""
        await self._ask(self._client.set(self._key(team, f"opened:{user}"), by, px=_DRAWN_FOR))

    async def opened_by(self, team: str, user: str) -> str:
        """The process that drew a person's Home when they opened it; empty where that is long ago."""
        return await self._text(self._client.get(self._key(team, f"opened:{user}")))

    async def _text(self, reading: object) -> str:
        return await self._ask(cast("Awaitable[str | None]", reading)) or ""

    def _key(self, team: str, name: str) -> str:
        return f"{self._prefix}:{{home:{team}}}:{name}"
