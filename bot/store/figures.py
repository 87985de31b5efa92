"""Stores figures: a hash of sums and a set of people for each hour, which expire after 32 days.

A set of people is a HyperLogLog: it tells how many they are, and not who. All keys of a workspace share a hash tag, so
that one request reads a month.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from uuid import uuid4

from redis.asyncio import Redis

from bot.records.figures import HOURS, Figures
from bot.store.stops import AskStore

_LIFETIME = 32 * 86_400_000
# A request is repeated within seconds where its reply was lost.
_KNOWN_FOR = 600_000

# KEYS: the hour's sums, its people, this call. ARGV: lifetime in ms, for how long the call is known in ms, who has
# asked or nothing, then names and numbers. The same call may arrive twice, and counts once.
_COUNT = """
if not redis.call('SET', KEYS[3], 1, 'NX', 'PX', ARGV[2]) then return 0 end
for at = 4, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[at], ARGV[at + 1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
if ARGV[3] ~= '' then
  redis.call('PFADD', KEYS[2], ARGV[3])
  redis.call('PEXPIRE', KEYS[2], ARGV[1])
end
return 1
"""

# KEYS: the sums of all hours, the latest first, and then their people. ARGV: over how many hours, in rising order.
# Returns for each: how many people, then names and numbers.
_SUMS = """
local hours, sums, told, done = #KEYS / 2, {}, {}, 0
for _, upto in ipairs(ARGV) do
  local people = {}
  for hour = 1, tonumber(upto) do
    people[hour] = KEYS[hours + hour]
    if hour > done then
      local counted = redis.call('HGETALL', KEYS[hour])
      for at = 1, #counted, 2 do
        sums[counted[at]] = (sums[counted[at]] or 0) + (tonumber(counted[at + 1]) or 0)
      end
    end
  end
  done = tonumber(upto)
  local row = {redis.call('PFCOUNT', unpack(people))}
  for name, number in pairs(sums) do
    table.insert(row, name)
    table.insert(row, number)
  end
  table.insert(told, row)
end
return told
"""


class RedisFigures:
    """Implements `bot.ports.figures.FigureCounts`."""

    def __init__(self, client: Redis, ask: AskStore, prefix: str) -> None:
        self._ask = ask
        self._prefix = prefix
        self._count = client.register_script(_COUNT)
        self._sums = client.register_script(_SUMS)

    async def count(self, team: str, counts: Mapping[str, int], *, at: float, person: str = "") -> None:
        """Add to the sums of the hour of `at`, in epoch seconds; `person` is who has asked, empty for nobody."""
        hour, tag = int(at // 3600), self._tag(team)
        keys = [f"{tag}:{hour}:sums", f"{tag}:{hour}:people", f"{tag}:call:{uuid4().hex}"]
        pairs = [part for pair in counts.items() for part in pair]
        await self._ask(self._count(keys=keys, args=[_LIFETIME, _KNOWN_FOR, person, *pairs]))

    async def periods(self, team: str, *, at: float) -> tuple[Figures, ...]:
        """The figures of the last day, week and month before `at`, with the hour that has begun."""
        hours = [f"{self._tag(team)}:{int(at // 3600) - ago}" for ago in range(HOURS[-1])]
        keys = [f"{hour}:{part}" for part in ("sums", "people") for hour in hours]
        rows = cast("list[list[Any]]", await self._ask(self._sums(keys=keys, args=list(HOURS))))
        return tuple(_figures(row) for row in rows)

    def _tag(self, team: str) -> str:
        return f"{self._prefix}:{{figures:{team}}}"


def _figures(row: list[Any]) -> Figures:
    return Figures(int(row[0]), {str(name): int(count) for name, count in zip(row[1::2], row[2::2], strict=True)})
