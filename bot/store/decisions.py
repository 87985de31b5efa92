"""Stores the decisions that flows wait for: which is the newest of its chat, and who made it, once over all replicas.

A run that waits is noted on its chat like any other, with the decision's reference: whatever is asked on that chat
afterwards takes its place, and ends the decision by that. The keys share the hash tag of their line.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, TypeVar, cast

import structlog
from redis.asyncio import Redis

from bot.errors import Unreadable
from bot.records.codec import decoded, encoded
from bot.records.decision import KeptDecision, MadeDecision, PendingDecision
from bot.records.thread import Run

log = structlog.get_logger(__name__)

T = TypeVar("T")

# KEYS: decision, run. ARGV: what is asked, the run that waits, lifetime in ms. Changes nothing once it was made.
OFFER = """
if redis.call('HEXISTS', KEYS[1], 'made') == 1 then return 0 end
redis.call('HSET', KEYS[1], 'asked', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 1
"""

# KEYS: decision, run, conversation. ARGV: reference, chat id. Returns 1 if its run is the newest of its chat and waits,
# and the thread has that chat still.
_IS_NEWEST = """
local function is_newest()
  local run = redis.call('GET', KEYS[2])
  local read, note = pcall(cjson.decode, run or '')
  if not read or type(note) ~= 'table' then return 0 end
  if note.awaits_decision ~= true or note.decision ~= ARGV[1] then return 0 end
  return redis.call('HGET', KEYS[3], 'chat_id') == ARGV[2] and 1 or 0
end
"""

NEWEST = _IS_NEWEST + "return is_newest()"

# The same, and ARGV[3]: what was decided. Returns what was decided, first of all; empty where nothing can be.
DECIDE = (
    _IS_NEWEST
    + """
local made = redis.call('HGET', KEYS[1], 'made')
if made then return made end
if redis.call('HEXISTS', KEYS[1], 'asked') == 0 or is_newest() == 0 then return '' end
redis.call('HSET', KEYS[1], 'made', ARGV[3])
return ARGV[3]
"""
)


class AskStore(Protocol):
    """Awaits a request to Redis within a time limit; raises StoreUnavailable for any failure."""

    async def __call__(self, question: Awaitable[T], /) -> T: ...


class RedisDecisions:
    """Implements `bot.ports.notes.Decisions`. `lifetime` is how long a decision is kept, in milliseconds."""

    def __init__(self, client: Redis, ask: AskStore, prefix: str, *, lifetime: int) -> None:
        self._client = client
        self._ask = ask
        self._prefix = prefix
        self._lifetime = lifetime
        self._offer = client.register_script(OFFER)
        self._newest = client.register_script(NEWEST)
        self._decide = client.register_script(DECIDE)

    async def offer(self, asked: PendingDecision, run: Run) -> None:
        """Keep a decision, and note the run that waits for it in place of any earlier note."""
        keys = [self._key(asked.thread.line, asked.reference), self._run(asked)]
        await self._ask(self._offer(keys=keys, args=[encoded(asked), encoded(run), self._lifetime]))

    async def kept(self, line: str, reference: str) -> KeptDecision | None:
        """A decision that was asked for, and whether it was made."""
        reading = self._client.hmget(self._key(line, reference), ["asked", "made"])
        found, made = await self._ask(cast("Awaitable[list[str | None]]", reading))
        asked = self._read(PendingDecision, found, line)
        return None if asked is None else KeptDecision(asked, self._read(MadeDecision, made, line))

    async def is_newest(self, asked: PendingDecision) -> bool:
        """Whether its run is the newest of its chat, and waits."""
        return bool(await self._ask(self._newest(keys=self._keys(asked), args=[asked.reference, asked.chat_id])))

    async def decide(self, asked: PendingDecision, made: MadeDecision) -> MadeDecision | None:
        """What was decided, by this call or an earlier one; None where it can no longer be decided."""
        args = [asked.reference, asked.chat_id, encoded(made)]
        found = cast("str", await self._ask(self._decide(keys=self._keys(asked), args=args)))
        return self._read(MadeDecision, found or None, asked.thread.line)

    async def close(self, asked: PendingDecision) -> None:
        """Forget a decision that can no longer be made."""
        await self._ask(self._client.delete(self._key(asked.thread.line, asked.reference)))

    def _read(self, kind: type[T], kept: str | None, line: str) -> T | None:
        if kept is None:
            return None
        try:
            return decoded(kind, kept)
        except Unreadable as error:
            log.warning("note not read", note="a decision", line=line, reason=str(error))
            return None

    def _keys(self, asked: PendingDecision) -> list[str]:
        thread = asked.thread
        conversation = f"{self._prefix}:{{{thread.line}}}:chat:{thread.thread_ts}"
        return [self._key(thread.line, asked.reference), self._run(asked), conversation]

    def _key(self, line: str, reference: str) -> str:
        return f"{self._prefix}:{{{line}}}:decision:{reference}"

    def _run(self, asked: PendingDecision) -> str:
        return f"{self._prefix}:{{{asked.thread.line}}}:run:{asked.chat_id}"
