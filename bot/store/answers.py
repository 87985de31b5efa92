"""Stores what the buttons under answers need, as long as a conversation, and where an answer's rating is in Flowise."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, TypeVar, cast

import structlog
from redis.asyncio import Redis

from bot.errors import Unreadable
from bot.records.answer_note import AnswerNote, KeptAnswer
from bot.records.codec import decoded, encoded

log = structlog.get_logger(__name__)

T = TypeVar("T")

# KEYS: answer. ARGV: note, lifetime in ms. A note that stands stays: another process may have written it.
_KEEP = """
redis.call('HSETNX', KEYS[1], 'note', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""

# KEYS: answer. ARGV: field, value. An answer that is no longer kept is not begun anew.
_NOTE = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
"""


class AskStore(Protocol):
    """Awaits a request to Redis within a time limit; raises StoreUnavailable for any failure."""

    async def __call__(self, question: Awaitable[T], /) -> T: ...


class RedisAnswers:
    """Implements `bot.ports.notes.Answers`. `lifetime` is how long a note is kept, in milliseconds."""

    def __init__(self, client: Redis, ask: AskStore, prefix: str, *, lifetime: int) -> None:
        self._client = client
        self._ask = ask
        self._prefix = prefix
        self._lifetime = lifetime
        self._keep = client.register_script(_KEEP)
        self._note = client.register_script(_NOTE)

    async def keep(self, line: str, reference: str, note: AnswerNote) -> None:
        """Keep what the buttons under an answer need."""
        await self._ask(self._keep(keys=[self._key(line, reference)], args=[encoded(note), self._lifetime]))

    async def kept(self, line: str, reference: str) -> KeptAnswer | None:
        """What is kept of an answer; None if it is not kept any more."""
        reading = self._client.hmget(self._key(line, reference), ["note", "row", "tried"])
        note, row, tried = await self._ask(cast("Awaitable[list[str | None]]", reading))
        if note is None:
            return None
        try:
            return KeptAnswer(decoded(AnswerNote, note), row or "", tried == "1")
        except Unreadable as error:
            log.warning("note not read", note="an answer", line=line, ref=reference, reason=str(error))
            return None

    async def rating(self, line: str, reference: str) -> None:
        """Note that a rating is about to be written in Flowise."""
        await self._ask(self._note(keys=[self._key(line, reference)], args=["tried", "1"]))

    async def rated(self, line: str, reference: str, row: str) -> None:
        """Note the row in which the rating of an answer stands."""
        await self._ask(self._note(keys=[self._key(line, reference)], args=["row", row]))

    def _key(self, line: str, reference: str) -> str:
        return f"{self._prefix}:{{{line}}}:answer:{reference}"
