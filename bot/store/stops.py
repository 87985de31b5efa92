"""Stores which questions people have stopped, and tells the process that works on one.

The note stands in the question's mailbox, where whoever takes the question over finds it. Besides, what was stopped of
late is told in one place for all mailboxes: a process learns of its own with one request, however many it works on.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, TypeVar

from redis.asyncio import Redis

from bot.errors import Unreadable
from bot.records.codec import decoded, encoded
from bot.records.thread import StoppedQuestion, StopRequest, StopResult
from bot.store.mailbox_script import NOW

T = TypeVar("T")

# Every process that works on something asks twice a second.
_TOLD_SECONDS = 60.0
# What was told shortly before the last look is looked at again: it may have been written while we read.
_LOOK_BACK = 5.0

# KEYS: holders, stopped. ARGV: reference, who has stopped it, lifetime in ms. Returns 1 when it is noted (0 before an
# item is there, or after), 2 when it was stopped before. The same request may arrive twice, and counts once.
_STOP = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
local known = redis.call('HGET', KEYS[2], ARGV[1])
if known then return known == ARGV[2] and 1 or 2 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
"""

# KEYS: stopped lately. ARGV: the question and who has stopped it, for how long it is told in ms.
_TELL = (
    NOW
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""
)

# KEYS: stopped lately. ARGV: since when in ms, by the server's clock. Returns the time in ms, and what was told since.
_TOLD = (
    NOW
    + """
return {tostring(now), redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf')}
"""
)


class AskStore(Protocol):
    """Awaits a request to Redis within a time limit; raises StoreUnavailable for any failure."""

    async def __call__(self, question: Awaitable[T], /) -> T: ...


class RedisStops:
    """Implements `bot.ports.mailboxes.Stops`. A note is `kept` for so many seconds, as its mailbox is."""

    def __init__(self, client: Redis, ask: AskStore, prefix: str, *, kept: float) -> None:
        self._ask = ask
        self._prefix = prefix
        self._kept = round(kept * 1000)
        self._looked_at = 0.0
        """When it was last asked what was stopped, in epoch seconds of the server's clock."""
        self._stop = client.register_script(_STOP)
        self._tell = client.register_script(_TELL)
        self._told = client.register_script(_TOLD)

    async def stop(self, line: str, reference: str, request: StopRequest) -> StopResult:
        """Note that an item was stopped, and tell the process that works on it. Raises StoreUnavailable."""
        keys = [f"{self._prefix}:{{{line}}}:{part}" for part in ("holders", "stopped")]
        found = int(await self._ask(self._stop(keys=keys, args=[reference, encoded(request), self._kept])))
        if found == 0:
            return StopResult.GONE
        told: list[str | float] = [encoded(StoppedQuestion(line, reference, request)), round(_TOLD_SECONDS * 1000)]
        await self._ask(self._tell(keys=[self._key], args=told))
        return StopResult.NOTED if found == 1 else StopResult.ALREADY

    async def stopped(self) -> tuple[StoppedQuestion, ...]:
        """What was stopped of late, in all mailboxes; some of it may have been told before. Raises StoreUnavailable."""
        since = max(0, round((self._looked_at - _LOOK_BACK) * 1000))
        now, told = await self._ask(self._told(keys=[self._key], args=[since]))
        self._looked_at = int(now) / 1000
        return tuple(found for one in told if (found := _stopped_question(one)) is not None)

    @property
    def _key(self) -> str:
        return f"{self._prefix}:{{lines}}:stopped"


def request_of(note: str) -> StopRequest:
    """Who has stopped a question. A note that cannot be read says that somebody has."""
    try:
        return decoded(StopRequest, note)
    except Unreadable:
        return StopRequest()


def _stopped_question(told: str) -> StoppedQuestion | None:
    try:
        return decoded(StoppedQuestion, told)
    except Unreadable:  # written by another version: who takes the question over reads the note beside it
        return None
