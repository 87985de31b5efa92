"""Stores what people were told of late, so that all replicas together tell it once."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, TypeVar
from uuid import uuid4

from redis.asyncio import Redis

T = TypeVar("T")


class AskStore(Protocol):
    """Awaits a request to Redis within a time limit; raises StoreUnavailable for any failure."""

    async def __call__(self, question: Awaitable[T], /) -> T: ...


class RedisNotices:
    """Implements `bot.ports.notes.Notices`."""

    def __init__(self, client: Redis, ask: AskStore, prefix: str) -> None:
        self._client = client
        self._ask = ask
        self._prefix = prefix

    async def first(self, team: str, user: str, notice: str, seconds: float) -> bool:
        """Note that somebody is told something; whether they were not within so many seconds."""
        name = f"{self._prefix}:{{told:{team}}}:{user}:{notice}"
        # redis-py sends it again if its reply is lost: what stands then is the name of this call.
        call = uuid4().hex
        before = await self._ask(self._client.set(name, call, px=round(seconds * 1000), nx=True, get=True))
        return before is None or before == call
