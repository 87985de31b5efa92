"""Stores what was verified of Slack in a workspace, which of it has failed since, and what a run has left to clean."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import Final, cast

from redis.asyncio import Redis

from bot.store.stops import AskStore

REPORT_DAYS: Final = 90
"""Slack changes: what was seen longer ago is not relied on."""

_DAY_MS = 86_400_000
# What a killed run has left is looked for as long as a conversation is remembered.
_REMAINS_MS = 30 * _DAY_MS


class RedisCertificates:
    """Implements `bot.ports.notes.Certificates`."""

    def __init__(self, client: Redis, ask: AskStore, prefix: str) -> None:
        self._client = client
        self._ask = ask
        self._prefix = prefix

    async def keep(self, team: str, report: str) -> None:
        """Keep a workspace's report in place of an earlier one, for REPORT_DAYS; what has failed is forgotten."""
        async with self._client.pipeline(transaction=True) as pipeline:
            pipeline.set(self._key(team, "report"), report, px=REPORT_DAYS * _DAY_MS)
            pipeline.delete(self._key(team, "failed"))
            await self._ask(pipeline.execute())

    async def kept(self, team: str) -> str | None:
        """A workspace's report; None where there is none. Raises StoreUnavailable."""
        return await self._ask(cast("Awaitable[str | None]", self._client.get(self._key(team, "report"))))

    async def fail(self, team: str, name: str) -> None:
        """Note that an assumption has failed in daily use: all are doubted that have failed, for a day from now."""
        await self._add(self._key(team, "failed"), name, _DAY_MS)

    async def failed(self, team: str) -> frozenset[str]:
        """The names of the assumptions that have failed within the last day. Raises StoreUnavailable."""
        reading = self._client.smembers(self._key(team, "failed"))
        return frozenset(await self._ask(cast("Awaitable[set[str]]", reading)))

    async def note_remains(self, team: str, remains: str) -> None:
        """Note something that a run is about to post. Raises StoreUnavailable."""
        await self._add(self._key(team, "remains"), remains, _REMAINS_MS)

    async def remains(self, team: str) -> Iterable[str]:
        """What runs have posted and not cleaned up. Raises StoreUnavailable."""
        reading = self._client.smembers(self._key(team, "remains"))
        return await self._ask(cast("Awaitable[set[str]]", reading))

    async def forget_remains(self, team: str, remains: str) -> None:
        """Note that it is cleaned up. Raises StoreUnavailable."""
        await self._ask(self._client.srem(self._key(team, "remains"), remains))

    async def _add(self, key: str, member: str, lifetime: int) -> None:
        """Add to a set that is kept for `lifetime` milliseconds from now."""
        async with self._client.pipeline(transaction=True) as pipeline:
            pipeline.sadd(key, member)
            pipeline.pexpire(key, lifetime)
            await self._ask(pipeline.execute())

    def _key(self, team: str, kind: str) -> str:
        return f"{self._prefix}:{{certify:{team}}}:{kind}"
