"""Stores what is needed to show the passages that an answer has used."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import cast

from redis.asyncio import Redis

from bot.store.stops import AskStore


class RedisPassages:
    """Implements `bot.ports.notes.PassageNotes`. `lifetime` is that of a conversation, in seconds."""

    def __init__(self, client: Redis, ask: AskStore, prefix: str, *, lifetime: float) -> None:
        self._client = client
        self._ask = ask
        self._prefix = prefix
        self._lifetime = lifetime

    async def keep(self, line: str, reference: str, note: str, *, seconds: float | None = None) -> None:
        """Keep a note of an answer, in place of an earlier one. Raises StoreUnavailable."""
        lifetime = max(1, round((self._lifetime if seconds is None else seconds) * 1000))
        await self._ask(self._client.set(self._key(line, reference), note, px=lifetime))

    async def kept(self, line: str, reference: str) -> str | None:
        """The note of an answer; None if it is not kept any more. Raises StoreUnavailable."""
        return await self._ask(cast("Awaitable[str | None]", self._client.get(self._key(line, reference))))

    def _key(self, line: str, reference: str) -> str:
        return f"{self._prefix}:{{{line}}}:passages:{reference}"
