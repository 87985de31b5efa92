"""Counts what people ask, in one script for each question: how often of late, and how many answers are under way.

The times of what was asked are sorted sets, which are exact and as long as the limit at most. An answer under way is
kept for a lease, so that a process that dies leaves no count. All keys of a workspace share a hash tag.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection
from typing import Protocol, TypeVar, cast

from redis.asyncio import Redis

from bot.ports.fair_use import Frequency, Granted, Limits, Share, TooManyAtOnce, TooOften
from bot.store.mailbox_script import NOW

T = TypeVar("T")

# KEYS: what the person asked, what was asked in the channel, the person's answers under way. ARGV: reference, lease in
# ms, how many may be under way (0: any number), then of the person and of the channel: how many (0: any number) within
# how many ms. Returns 0 and the time, or which limit is reached (1, 2, or 3 for those under way), the time, and when
# one more may be asked, in ms. A question that was counted is let in again.
ENTER = (
    NOW
    + """
local reached, free = 0, 0
for number = 1, 2 do
  local key, most, span = KEYS[number], tonumber(ARGV[2 + 2 * number]), tonumber(ARGV[3 + 2 * number])
  if most > 0 then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now - span)
    redis.call('ZREMRANGEBYSCORE', key, '(' .. now, '+inf')  -- the clock was set back
    local count = redis.call('ZCARD', key)
    if count >= most and not redis.call('ZSCORE', key, ARGV[1]) then
      local oldest = redis.call('ZRANGE', key, count - most, count - most, 'WITHSCORES')
      local at = tonumber(oldest[2]) + span
      if at > free then reached, free = number, at end
    end
  end
end
if reached > 0 then return {reached, now, free} end
local at_once = tonumber(ARGV[3])
if at_once > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
  if redis.call('ZCARD', KEYS[3]) >= at_once and not redis.call('ZSCORE', KEYS[3], ARGV[1]) then
    return {3, now, 0}
  end
  redis.call('ZADD', KEYS[3], now + tonumber(ARGV[2]), ARGV[1])
  redis.call('PEXPIRE', KEYS[3], ARGV[2])
end
for number = 1, 2 do
  if tonumber(ARGV[2 + 2 * number]) > 0 then
    redis.call('ZADD', KEYS[number], 'NX', now, ARGV[1])
    redis.call('PEXPIRE', KEYS[number], ARGV[3 + 2 * number])
  end
end
return {0, now, 0}
"""
)

# KEYS: for each answer, its asker's answers under way. ARGV: lease in ms, then for each its reference.
RENEW = (
    NOW
    + """
for number, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + tonumber(ARGV[1]), ARGV[1 + number])
  redis.call('PEXPIRE', key, ARGV[1])
end
return 1
"""
)


class AskStore(Protocol):
    """Awaits a request to Redis within a time limit; raises StoreUnavailable for any failure."""

    async def __call__(self, question: Awaitable[T], /) -> T: ...


class RedisFairUseCounts:
    """Implements `bot.ports.fair_use.FairUseCounts`."""

    def __init__(self, client: Redis, ask: AskStore, prefix: str) -> None:
        self._client = client
        self._ask = ask
        self._prefix = prefix
        self._enter = client.register_script(ENTER)
        self._renew = client.register_script(RENEW)

    async def enter(self, team: str, user: str, channel: str, reference: str, limits: Limits, lease: float) -> Share:
        """Count a question where it may be asked."""
        keys = [self._key(team, f"person:{user}"), self._key(team, f"channel:{channel}"), self._under_way(team, user)]
        args: list[str | int] = [reference, round(lease * 1000), limits.at_once or 0]
        args += [*_figures(limits.person), *_figures(limits.channel)]
        reached, now, free = cast("list[int]", await self._ask(self._enter(keys=keys, args=args)))
        if reached == 0:
            return Granted()
        if reached == 3:  # as the script says
            return TooManyAtOnce()
        return TooOften((free - now) / 1000, free / 1000, in_channel=reached == 2)

    async def renew(self, team: str, under_way: Collection[tuple[str, str]], lease: float) -> None:
        """Count answers as under way for a while longer."""
        keys = [self._under_way(team, user) for user, _ in under_way]
        args: list[str | int] = [round(lease * 1000), *(reference for _, reference in under_way)]
        await self._ask(self._renew(keys=keys, args=args))

    async def leave(self, team: str, user: str, reference: str) -> None:
        """The answer to a question is no longer under way."""
        await self._ask(self._client.zrem(self._under_way(team, user), reference))

    def _under_way(self, team: str, user: str) -> str:
        return self._key(team, f"under-way:{user}")

    def _key(self, team: str, name: str) -> str:
        return f"{self._prefix}:{{fair:{team}}}:{name}"


def _figures(frequency: Frequency | None) -> tuple[int, int]:
    return (frequency.most, round(frequency.seconds * 1000)) if frequency is not None else (0, 0)
