"""Knows what Redis keeps for us: mailboxes, conversations, runs; under which keys and for how long.

Works on Redis 7 and 8 and on Valkey. The keys, under a prefix; those of a thread share a hash tag, its line:

    {<line>}:claim:<reference>       the name of the call that won it                  48 hours
    {<line>}:mail|items|open|holders|leases|failures|turn   what is not settled        7 days after the last word
    {<line>}:aside:<reference>       hash: a question that nobody could bring to an end, as it was    30 days
    {<line>}:again:<reference>       JSON: a question that may be asked again          as long as a conversation
    {<line>}:chat:<ts>               hash: the conversation of a thread                30 days after its last use
    {<line>}:message:<ts>            JSON: the chat a direct message belongs to        30 days
    {<line>}:run:<chat id>           JSON: a run not seen to end                       1 day (30 for one that waits)
    {lines:<team>}:due|until         the mailboxes that are not empty                  7 days after the last word
    {lines:<team>}:processes         who looks after them                              30 seconds
    probe:ping                       whether writes are taken                          1 second
    {budget:<team>}:<name>:bucket|taken|lesson|endings, :answers     the write budget  1 hour after the last call
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias, TypeVar, cast
from uuid import uuid4

import structlog
from redis.asyncio import Redis

from bot.errors import StoreUnavailable, Unreadable
from bot.ports import ReplicaCounts, Spent
from bot.slack.tiers import Key
from bot.store import budget, scripts
from bot.store.budget import NOTHING
from bot.store.budget_script import SCRIPT
from bot.store.connections import connect
from bot.store.health import RedisHealth, health
from bot.store.mailbox import RedisMailboxes
from bot.store.purge import purge
from bot.store.requests import PATIENCE, asked
from bot.thread import Conversation, Run, Thread
from bot.thread_codec import conversation, decoded, encoded, parsed

log = structlog.get_logger(__name__)

T = TypeVar("T")

Observer: TypeAlias = Callable[[float, str], None]
"""Is told of every question to the store: how many seconds it took, and the name of its error, empty if it had none."""


def unobserved(seconds: float, error: str) -> None:
    """Nobody wants to know."""


_DAY = 86_400.0
# A run that has not been seen to end in a day is no longer waited for: Flowise itself keeps none so long.
_RUN_SECONDS = _DAY
# A million keys are looked through in some seconds.
_PURGE_SECONDS = 60.0


class RedisStore:
    """The store of bot.ports on one Redis. Any failure of Redis is a StoreUnavailable.

    `probe` answers `ping` and must not share the client's connections: readiness is asked for most of all when
    they are all busy. `conversation_days` is how long a thread is remembered after its last use.
    """

    def __init__(
        self,
        client: Redis,
        *,
        probe: Redis | None = None,
        prefix: str = "flowise-slack",
        conversation_days: float = 30,
        patience: float = PATIENCE,
        observer: Observer = unobserved,
    ) -> None:
        self._observer = observer
        self._client = client
        self._probe = client if probe is None else probe
        self._prefix = prefix
        self._lifetime = _milliseconds(conversation_days * _DAY)
        self._patience = patience
        self._remember = client.register_script(scripts.REMEMBER)
        self._start_over = client.register_script(scripts.START_OVER)
        self._set_quiet = client.register_script(scripts.SET_QUIET)
        self._budget = client.register_script(SCRIPT)
        self._mailboxes = RedisMailboxes(
            client,
            self._ask,
            prefix,
            conversation=conversation_days * _DAY,
            run=_RUN_SECONDS,
            now=time.monotonic,
            wall=time.time,
        )

    @classmethod
    def at(
        cls,
        url: str,
        *,
        prefix: str = "flowise-slack",
        conversation_days: float = 30,
        patience: float = PATIENCE,
        observer: Observer = unobserved,
    ) -> RedisStore:
        """A store with its two clients. Opens no connection yet.

        Raises:
            SettingsError: the URL cannot be read.
        """
        return cls(
            connect(url, patience=patience),
            probe=connect(url, patience=min(patience, 1.0), retries=0),
            prefix=prefix,
            conversation_days=conversation_days,
            patience=patience,
            observer=observer,
        )

    async def aclose(self) -> None:
        """Let all connections go."""
        await self._client.aclose()
        await self._probe.aclose()

    @property
    def mailboxes(self) -> RedisMailboxes:
        """What was taken in and is not settled."""
        return self._mailboxes

    async def conversation(self, thread: Thread) -> Conversation | None:
        kept = await self._ask(cast("Awaitable[dict[str, str]]", self._client.hgetall(self._key(thread, "chat"))))
        return conversation(kept)

    async def remember(
        self, thread: Thread, chat_id: str, chatflow_id: str, generation: int, now: float, *, answered: bool = False
    ) -> bool:
        """Write the chat of a thread and renew its lifetime; False, and nothing written, if the thread is meanwhile
        of another generation. A thread we know nothing of is of generation 0. Once answered, it stays so."""
        args: list[str | float] = [generation, chat_id, chatflow_id, now, self._lifetime, int(answered)]
        return bool(await self._ask(self._remember(keys=[self._key(thread, "chat")], args=args)))

    async def start_over(self, thread: Thread, now: float) -> int:
        """Begin the next generation of a thread, with no chat yet. Returns its number."""
        key = self._key(thread, "chat")
        return int(await self._ask(self._start_over(keys=[key], args=[uuid4().hex, now, self._lifetime])))

    async def set_quiet(self, thread: Thread, quiet: bool, now: float) -> None:
        """Note that the bot is to keep out of a thread, or may speak again. Renews the thread's lifetime."""
        await self._ask(self._set_quiet(keys=[self._key(thread, "chat")], args=[int(quiet), now, self._lifetime]))

    async def message_belongs(self, team: str, channel: str, ts: str, chat_id: str, chatflow_id: str) -> None:
        """Note the chat that a message of a direct message belongs to, for as long as a conversation lives."""
        name = self._key(Thread(team, channel, ts), "message")
        await self._ask(self._client.set(name, json.dumps([chat_id, chatflow_id]), px=self._lifetime))

    async def chat_of_message(self, team: str, channel: str, ts: str) -> tuple[str, str] | None:
        """The (chatId, chatflow id) that a message belongs to."""
        kept = await self._ask(self._client.get(self._key(Thread(team, channel, ts), "message")))
        if kept is None:
            return None
        try:
            match parsed(kept):
                case [str(chat_id), str(chatflow_id), *_]:
                    return chat_id, chatflow_id
        except Unreadable as error:
            log.warning("note not read", note="the chat of a message", channel=channel, ts=ts, reason=str(error))
        return None

    async def run_started(self, line: str, chat_id: str, run: Run) -> None:
        """Note that a run goes on on a chat (replaces what was noted).

        Forgotten after a day; a run that waits for a decision may do so as long as its conversation is kept.
        """
        lifetime = self._lifetime if run.awaits_decision else _milliseconds(_RUN_SECONDS)
        await self._ask(self._client.set(self._run(line, chat_id), encoded(run), px=lifetime))

    async def run_ended(self, line: str, chat_id: str) -> None:
        await self._ask(self._client.delete(self._run(line, chat_id)))

    async def run_on(self, line: str, chat_id: str) -> Run | None:
        """The run that has not been seen to end on a chat."""
        kept = await self._ask(self._client.get(self._run(line, chat_id)))
        if kept is None:
            return None
        try:
            return decoded(Run, kept)
        except Unreadable as error:
            # It may go on, and nobody knows since when: it is waited for like one that has just begun.
            log.warning("note not read", note="a run", line=line, reason=str(error))
            return Run(since=time.time())

    async def spend(
        self,
        team: str,
        keys: Sequence[Key],
        reserve: float,
        call: str,
        told: ReplicaCounts = NOTHING,
        *,
        due: float | None = None,
    ) -> Spent:
        """Take a token from each bucket, or from none and say when; the same `call` takes once."""
        args = budget.arguments("take", reserve, call, told, keys, due=due)
        return budget.spent(cast("list[int]", await self._ask(self._budget(keys=self._buckets(team, keys), args=args))))

    async def tell(self, team: str, told: ReplicaCounts) -> None:
        """Tell the other replicas what answers this one has under way."""
        args = budget.arguments("tell", 0.0, "", told, ())
        await self._ask(self._budget(keys=self._buckets(team, ()), args=args))

    async def refused(self, team: str, keys: Sequence[Key], retry_after: float, call: str) -> None:
        """Slack answered a call with 429: nobody draws from its buckets before `retry_after` seconds."""
        args = budget.arguments("limited", retry_after, call, NOTHING, keys)
        await self._ask(self._budget(keys=self._buckets(team, keys), args=args))

    async def purge(self, team: str) -> int:
        """Delete what is kept of a workspace; returns how many keys that were. May be begun again."""
        count = await self._ask(purge(self._client, self._prefix, team), patience=_PURGE_SECONDS)
        return count + await self.mailboxes.purge(team)

    async def ping(self) -> None:
        """Raises StoreUnavailable when the store takes no write within about a second."""
        # A write, because a replica and a server without memory answer PING.
        probe = self._probe.set(f"{self._prefix}:probe:ping", 1, px=1000)
        await self._ask(probe, patience=min(self._patience, 1.0))

    async def health(self) -> RedisHealth:
        """What the server tells of itself. Raises StoreUnavailable when it does not answer."""
        return await health(self._client, patience=self._patience)

    def _key(self, thread: Thread, kind: str) -> str:
        return f"{self._prefix}:{{{thread.line}}}:{kind}:{thread.thread_ts}"

    def _run(self, line: str, chat_id: str) -> str:
        return f"{self._prefix}:{{{line}}}:run:{chat_id}"

    def _buckets(self, team: str, keys: Sequence[Key]) -> list[str]:
        return budget.names(f"{self._prefix}:{{budget:{team}}}", keys)

    async def _ask(self, question: Awaitable[T], *, patience: float | None = None) -> T:
        began, error = time.monotonic(), ""
        try:
            return await asked(question, self._patience if patience is None else patience)
        except StoreUnavailable as unavailable:
            error = type(unavailable.__context__).__name__
            raise
        finally:
            self._observer(time.monotonic() - began, error)


def _milliseconds(seconds: float) -> int:
    """Redis refuses a lifetime of 0."""
    return max(1, round(seconds * 1000))
