"""Knows what Redis keeps for us: claims, lines, conversations, runs; under which keys and for how long.

Works on Redis 7 and 8 and on Valkey. The keys, under a prefix:

    claim:<key>                      the id of the call that won it                   as long as said
    chat:<team>:<channel>:<ts>       hash: the conversation of a thread               30 days after its last use
    message:<team>:<channel>:<ts>    JSON: the chat a direct message belongs to       30 days
    run:<chat id>                    JSON: a run not seen to end                      1 day (30 for one that waits)
    {line:<line>}:turn|waiting|leases                                                 one lease after the last word
    {budget:<team>}:<name>:bucket|taken|lesson|endings, :answers     the write budget 1 hour after the last call
    {answers:<team>}:leases|open     JSON: the answers being written                  1 day after the last word
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Sequence
from dataclasses import asdict, fields
from typing import Any, TypeVar, cast
from uuid import uuid4

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError

from bot.errors import SettingsError, StoreUnavailable
from bot.ports import Spent, Told
from bot.slack.tiers import Key
from bot.store import budget, scripts
from bot.store.budget import NOTHING
from bot.store.budget_script import SCRIPT
from bot.thread import Conversation, OpenAnswer, Run, Thread

T = TypeVar("T")

PATIENCE = 2.0
"""Seconds after which a question to the store counts as unanswered, with all its tries."""

_DAY = 86_400.0
# A run that has not been seen to end in a day is no longer waited for: Flowise itself keeps none so long.
_RUN_SECONDS = _DAY
# A command holds its connection for a few turns of the event loop, and where hundreds of answers stream a turn takes
# tens of milliseconds. Of 300 questions within 1.2 s, 32 ran out of patience with 32 connections, and none with 128.
_CONNECTIONS = 128


def connect(url: str, *, patience: float = PATIENCE, retries: int = 2) -> Redis:
    """A client for redis://, rediss:// or unix://, credentials in the URL. Opens no connection yet.

    `patience` is in seconds. redis-py's own policy is ten tries of five seconds and more, which keeps a person in
    Slack waiting long after the server is gone.

    Raises:
        SettingsError: the URL cannot be read. The text does not repeat it, for it may hold a password.
    """
    # Two tries must fit into the patience, or a reply that was lost could never be asked for again.
    once = patience * 0.45
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=patience,
            socket_timeout=once,
            socket_connect_timeout=once,
            retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), retries),
            decode_responses=True,
        )
        pool.connection_class(**pool.connection_kwargs)  # tries the options in the URL; opens nothing
    except (TypeError, ValueError):
        raise SettingsError("REDIS_URL: expected redis://, rediss:// or unix:// with a valid address") from None
    return Redis.from_pool(pool)


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
    ) -> None:
        self._client = client
        self._probe = client if probe is None else probe
        self._prefix = prefix
        self._lifetime = _milliseconds(conversation_days * _DAY)
        self._patience = patience
        self._stand = client.register_script(scripts.STAND)
        self._leave = client.register_script(scripts.LEAVE)
        self._remember = client.register_script(scripts.REMEMBER)
        self._start_over = client.register_script(scripts.START_OVER)
        self._set_quiet = client.register_script(scripts.SET_QUIET)
        self._answer_open = client.register_script(scripts.ANSWER_OPEN)
        self._answer_closed = client.register_script(scripts.ANSWER_CLOSED)
        self._abandoned = client.register_script(scripts.ABANDONED)
        self._budget = client.register_script(SCRIPT)

    @classmethod
    def at(
        cls, url: str, *, prefix: str = "flowise-slack", conversation_days: float = 30, patience: float = PATIENCE
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
        )

    async def aclose(self) -> None:
        """Let all connections go."""
        await self._client.aclose()
        await self._probe.aclose()

    async def claim(self, key: str, seconds: float) -> bool:
        """Take a message or command for ourselves; False when somebody has it already. Lives for `seconds`."""
        # The value tells our own earlier try, whose reply was lost, from somebody else's claim.
        ours = uuid4().hex
        name = self._key("claim", key)
        held_by = await self._ask(self._client.set(name, ours, nx=True, get=True, px=_milliseconds(seconds)))
        return held_by is None or held_by == ours

    async def stand(self, line: str, ticket: str, score: float, lease: float) -> int:
        """Stand in a line, or go on standing in it; returns the number of tickets before ours (bot.ports.Store).

        The turn's lease is renewed in the same way: by calling again within `lease` seconds. A holder that comes too
        late stands in the line again, and is told so by a number above 0 if somebody else has the turn by then.
        """
        asked = self._stand(keys=self._line(line), args=[ticket, float(score), _milliseconds(lease)])
        return int(await self._ask(asked))

    async def leave(self, line: str, ticket: str) -> None:
        """Give up the turn or the place in the line; nothing happens to anybody else's."""
        await self._ask(self._leave(keys=self._line(line), args=[ticket]))

    async def conversation(self, thread: Thread) -> Conversation | None:
        kept = await self._ask(cast("Awaitable[dict[str, str]]", self._client.hgetall(self._key("chat", thread))))
        if not kept:
            return None
        return Conversation(
            chat_id=kept.get("chat_id", ""),
            chatflow_id=kept.get("chatflow_id", ""),
            generation=int(kept.get("generation", "0")),
            created_at=float(kept["created_at"]),
            used_at=float(kept["used_at"]),
            quiet=kept.get("quiet") == "1",
            answered=kept.get("answered") == "1",
        )

    async def remember(
        self, thread: Thread, chat_id: str, chatflow_id: str, generation: int, now: float, *, answered: bool = False
    ) -> bool:
        """Write the chat of a thread and renew its lifetime; False, and nothing written, if the thread is meanwhile
        of another generation. A thread we know nothing of is of generation 0. Once answered, it stays so."""
        args: list[str | float] = [generation, chat_id, chatflow_id, now, self._lifetime, int(answered)]
        return bool(await self._ask(self._remember(keys=[self._key("chat", thread)], args=args)))

    async def start_over(self, thread: Thread, now: float) -> int:
        """Begin the next generation of a thread, with no chat yet. Returns its number."""
        key = self._key("chat", thread)
        return int(await self._ask(self._start_over(keys=[key], args=[uuid4().hex, now, self._lifetime])))

    async def set_quiet(self, thread: Thread, quiet: bool, now: float) -> None:
        """Note that the bot is to keep out of a thread, or may speak again. Renews the thread's lifetime."""
        await self._ask(self._set_quiet(keys=[self._key("chat", thread)], args=[int(quiet), now, self._lifetime]))

    async def message_belongs(self, team: str, channel: str, ts: str, chat_id: str, chatflow_id: str) -> None:
        """Note the chat that a message of a direct message belongs to, for as long as a conversation lives."""
        name = self._key("message", Thread(team, channel, ts))
        await self._ask(self._client.set(name, json.dumps([chat_id, chatflow_id]), px=self._lifetime))

    async def chat_of_message(self, team: str, channel: str, ts: str) -> tuple[str, str] | None:
        """The (chatId, chatflow id) that a message belongs to."""
        kept = await self._ask(self._client.get(self._key("message", Thread(team, channel, ts))))
        if kept is None:
            return None
        chat_id, chatflow_id = json.loads(kept)
        return chat_id, chatflow_id

    async def run_started(self, chat_id: str, run: Run) -> None:
        """Note that a run goes on on a chat (replaces what was noted).

        Forgotten after a day; a run that waits for a decision may do so as long as its conversation is kept.
        """
        lifetime = self._lifetime if run.awaits_decision else _milliseconds(_RUN_SECONDS)
        await self._ask(self._client.set(self._key("run", chat_id), json.dumps(asdict(run)), px=lifetime))

    async def run_ended(self, chat_id: str) -> None:
        await self._ask(self._client.delete(self._key("run", chat_id)))

    async def run_on(self, chat_id: str) -> Run | None:
        """The run that has not been seen to end on a chat."""
        kept = await self._ask(self._client.get(self._key("run", chat_id)))
        return None if kept is None else Run(**_known(Run, kept))

    async def answer_open(self, answer: OpenAnswer, lease: float) -> None:
        """Note that an answer is being written; call again within `lease` seconds as long as it is."""
        noted = json.dumps(asdict(answer))
        args: list[str | int] = [answer.reference, noted, _milliseconds(lease), _milliseconds(_DAY)]
        await self._ask(self._answer_open(keys=self._answers(answer.team), args=args))

    async def answer_closed(self, answer: OpenAnswer) -> None:
        await self._ask(self._answer_closed(keys=self._answers(answer.team), args=[answer.reference]))

    async def abandoned(self, team: str) -> tuple[OpenAnswer, ...]:
        """The answers of a workspace whose writer is gone, 20 at most. Each is given out once."""
        found = await self._ask(self._abandoned(keys=self._answers(team)))
        return tuple(OpenAnswer(**_known(OpenAnswer, answer)) for answer in found)

    async def spend(
        self,
        team: str,
        keys: Sequence[Key],
        reserve: float,
        call: str,
        told: Told = NOTHING,
        *,
        due: float | None = None,
    ) -> Spent:
        """Take a token from each bucket, or from none and say when; the same `call` takes once."""
        args = budget.arguments("take", reserve, call, told, keys, due=due)
        return budget.spent(cast("list[int]", await self._ask(self._budget(keys=self._buckets(team, keys), args=args))))

    async def tell(self, team: str, told: Told) -> None:
        """Tell the other replicas what answers this one has under way."""
        args = budget.arguments("tell", 0.0, "", told, ())
        await self._ask(self._budget(keys=self._buckets(team, ()), args=args))

    async def refused(self, team: str, keys: Sequence[Key], retry_after: float, call: str) -> None:
        """Slack answered a call with 429: nobody draws from its buckets before `retry_after` seconds."""
        args = budget.arguments("limited", retry_after, call, NOTHING, keys)
        await self._ask(self._budget(keys=self._buckets(team, keys), args=args))

    async def ping(self) -> None:
        """Raises StoreUnavailable when the store does not answer within about a second."""
        await self._ask(self._probe.ping(), patience=min(self._patience, 1.0))

    def _key(self, kind: str, name: object) -> str:
        return f"{self._prefix}:{kind}:{name}"

    def _line(self, line: str) -> list[str]:
        return [f"{self._prefix}:{{line:{line}}}:{part}" for part in ("turn", "waiting", "leases")]

    def _answers(self, team: str) -> list[str]:
        return [f"{self._prefix}:{{answers:{team}}}:{part}" for part in ("leases", "open")]

    def _buckets(self, team: str, keys: Sequence[Key]) -> list[str]:
        return budget.names(f"{self._prefix}:{{budget:{team}}}", keys)

    async def _ask(self, asked: Awaitable[T], *, patience: float | None = None) -> T:
        task = asyncio.current_task()
        cancels = task.cancelling() if task else 0
        try:
            # redis-py nests its retries (connecting inside sending), so only a limit of our own bounds them all.
            async with asyncio.timeout(self._patience if patience is None else patience):
                answer = await asked
        except (RedisError, OSError) as error:
            # Not "from error": a server that does not know AUTH repeats its arguments, the password among them.
            raise StoreUnavailable(f"Redis does not answer as it should ({_name_of(error)})") from None
        # redis-py sends through asyncio.wait_for, which on Python 3.11 loses a cancellation that comes in the moment of
        # its success: a loop that was told to end would go on for ever.
        if task and task.cancelling() > cancels:
            raise asyncio.CancelledError
        return answer


def _milliseconds(seconds: float) -> int:
    """Redis refuses a lifetime of 0."""
    return max(1, round(seconds * 1000))


def _name_of(error: Exception) -> str:
    """What went wrong, in words that come from the client's code and never from the settings."""
    name = type(error).__name__
    code = str(error).split(" ", 1)[0]
    # Redis opens its errors with a code in capitals: READONLY, NOPERM, CROSSSLOT.
    known = isinstance(error, RedisError) and code.isascii() and code.isalpha() and code.isupper()
    return f"{name}: {code}" if known else name


def _known(value: type[Run] | type[OpenAnswer], kept: str | bytes) -> dict[str, Any]:
    """The fields of a note that this version knows: while replicas are being updated, two versions write notes."""
    names = {field.name for field in fields(value)}
    return {name: value for name, value in json.loads(kept).items() if name in names}
