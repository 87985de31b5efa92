"""Stores conversations, runs, mailboxes and the write budget in Redis.

Works with Redis 7 and 8 and with Valkey. The keys, under a prefix; those of a thread share a hash tag, its line:

    {<line>}:claim:<reference>       the name of the call that claimed it              48 hours; asked again: 30 days
    {<line>}:passed                  the questions that let others of their line go first      1 minute
    {<line>}:mail|items|open|holders|leases|failures|turn|stopped   what is not settled   7 days after the last change
    {<line>}:aside:<reference>       hash: a question that no process could finish, as it was         30 days
    {<line>}:again:<reference>       JSON: a question that may be asked again          as long as a conversation
    {<line>}:chat:<ts>               hash: the conversation of a thread                30 days after its last use
    {<line>}:newest:<ts>             hash: its newest whole answer, to be regenerated  as its conversation
    {<line>}:message:<ts>            JSON: the chat a direct message belongs to        30 days
    {<line>}:answer:<reference>      hash: what the buttons under an answer need       as long as a conversation
    {<line>}:passages:<reference>    JSON: what an answer has used      1 day; where its stored answer is: 30 days
    {<line>}:decision:<reference>    hash: a decision, and who made it                 as long as a conversation
    {<line>}:run:<chat id>           JSON: a run not seen to end                       1 day (30 for one that waits)
    {<line>}:files:<chat id>         hash: the files added to its vector store         as long as a conversation
    {lines:<team>}:due|until         the mailboxes that are not empty                  7 days after the last change
    {lines:<team>}:processes         the processes that look after them                30 seconds
    {figures:<team>}:<hour>:sums|people    what is counted, and of how many people      32 days
    {figures:<team>}:call:<id>       a call that has counted                           10 minutes
    {home:<team>}:settings           JSON: what admins have set in the App Home        until it is changed
    {home:<team>}:flow:<user>        the flow of a person's direct messages            1 year after its last use
    {home:<team>}:opened:<user>      the process that draws a person's App Home        10 minutes
    {fair:<team>}:person|channel:<id>   sorted set: when what was asked             as long as its limit is
    {fair:<team>}:under-way:<user>   sorted set: until when answers count as under way    15 seconds
    {told:<team>}:<user>:<notice>    the call that told somebody something of late     1 hour
    {lines}:stopped                  the questions that were stopped of late           1 minute
    {certify:<team>}:report|failed|remains   what was verified of Slack      90 days; what has failed since: 1 day
    probe:ping                       a test of whether Redis accepts writes            1 second
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
from bot.ports.budget import ReplicaCounts, Spent
from bot.records.codec import conversation, decoded, encoded, parsed
from bot.records.thread import STORED, Conversation, Item, MessageChat, NewestAnswer, NotedFlow, Run, Thread
from bot.slack.tiers import Key
from bot.store import budget, scripts
from bot.store.answers import RedisAnswers
from bot.store.budget import NOTHING
from bot.store.budget_script import SCRIPT
from bot.store.certificates import RedisCertificates
from bot.store.connections import connect
from bot.store.decisions import RedisDecisions
from bot.store.fair_use import RedisFairUseCounts
from bot.store.figures import RedisFigures
from bot.store.health import RedisHealth, health
from bot.store.home import RedisHome
from bot.store.mailbox import RedisMailboxes
from bot.store.notices import RedisNotices
from bot.store.passages import RedisPassages
from bot.store.purge import purge
from bot.store.requests import PATIENCE, asked

log = structlog.get_logger(__name__)

T = TypeVar("T")

Observer: TypeAlias = Callable[[float, str], None]
"""Is called after each request to the store with its duration in seconds and its error's name, empty if none."""


def unobserved(seconds: float, error: str) -> None:
    """Does nothing."""


_DAY = 86_400.0
# After a day, a run that was not seen to end is no longer waited for: Flowise keeps none that long.
_RUN_SECONDS = _DAY
# Of a thread, so many of the latest messages that are not quoted are known: some more than are quoted by default.
_MOST_LEFT_OUT = 60
# A scan of a million keys takes some seconds.
_PURGE_SECONDS = 60.0


class RedisStore:
    """Implements `bot.ports.store.Store` on one Redis. Every failure of Redis is raised as StoreUnavailable.

    `probe` is the client for `ping`. It must not share the other client's connections, because readiness matters most
    when they are all busy. `conversation_days` is how long a thread is remembered after its last use; `patience` how
    long a request may take, in seconds.
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
        self._leave_out = client.register_script(scripts.LEAVE_OUT)
        self._budget = client.register_script(SCRIPT)
        self._passages = RedisPassages(client, self._ask, prefix, lifetime=conversation_days * _DAY)
        self._mailboxes = RedisMailboxes(
            client,
            self._ask,
            prefix,
            conversation=conversation_days * _DAY,
            run=_RUN_SECONDS,
            now=time.monotonic,
            wall=time.time,
        )

        self._figures = RedisFigures(client, self._ask, prefix)
        self._home = RedisHome(client, self._ask, prefix)
        self._answers = RedisAnswers(client, self._ask, prefix, lifetime=self._lifetime)
        self._decisions = RedisDecisions(client, self._ask, prefix, lifetime=self._lifetime)
        self._certificates = RedisCertificates(client, self._ask, prefix)
        self._fair_use = RedisFairUseCounts(client, self._ask, prefix)
        self._notices = RedisNotices(client, self._ask, prefix)

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
        """A store with both of its clients. Opens no connection yet.

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
    def passages(self) -> RedisPassages:
        """Notes of what answers have used."""
        return self._passages

    @property
    def mailboxes(self) -> RedisMailboxes:
        """The questions that were accepted and are not settled."""
        return self._mailboxes

    @property
    def figures(self) -> RedisFigures:
        """What is counted of a workspace."""
        return self._figures

    @property
    def home(self) -> RedisHome:
        """What people have set in Slack."""
        return self._home

    @property
    def answers(self) -> RedisAnswers:
        """What the buttons under answers need."""
        return self._answers

    @property
    def decisions(self) -> RedisDecisions:
        """The decisions that flows wait for."""
        return self._decisions

    @property
    def certificates(self) -> RedisCertificates:
        """What was verified of Slack in a workspace."""
        return self._certificates

    @property
    def fair_use(self) -> RedisFairUseCounts:
        """What people ask, counted over all replicas."""
        return self._fair_use

    @property
    def notices(self) -> RedisNotices:
        """What people were told of late."""
        return self._notices

    async def conversation(self, thread: Thread) -> Conversation | None:
        kept = await self._ask(cast("Awaitable[dict[str, str]]", self._client.hgetall(self._key(thread, "chat"))))
        return conversation(kept)

    async def remember(  # noqa: PLR0913  # all that is noted of a conversation, most with a default
        self,
        thread: Thread,
        chat_id: str,
        flow: NotedFlow,
        generation: int,
        now: float,
        *,
        answered: bool = False,
        context_since: str = "",
        asks: bool = False,
        newest: Item | None = None,
    ) -> bool:
        """Write the chat of a thread and renew its lifetime; False, with nothing written, if the thread has been
        started over meanwhile. A thread without a note is of generation 0. Once answered, it stays so, and the latest
        `context_since` stays."""
        args: list[str | float] = [generation, chat_id, flow.chatflow_id, now, self._lifetime]
        args += [int(answered), context_since, int(asks), encoded(newest) if newest else "", flow.name]
        return bool(await self._ask(self._remember(keys=self._conversation_keys(thread), args=args)))

    async def newest(self, thread: Thread) -> NewestAnswer | None:
        """The newest answer of a thread, if it can be regenerated."""
        reading = self._client.hmget(self._key(thread, "newest"), ["item", "since"])
        item, since = await self._ask(cast("Awaitable[list[str | None]]", reading))
        if item is None:
            return None
        try:
            return NewestAnswer(decoded(Item, item), since or "")
        except Unreadable as error:
            log.warning("note not read", note="the newest answer", thread=str(thread), reason=str(error))
            return None

    async def start_over(self, thread: Thread, now: float, *, context_since: str = "", flow: str = "") -> int:
        """Begin the next generation of a thread, with no chat yet, and with the flow of that name or none. Returns its
        number."""
        args: list[str | float] = [uuid4().hex, now, self._lifetime, context_since, flow]
        return int(await self._ask(self._start_over(keys=self._conversation_keys(thread), args=args)))

    async def note_files(self, thread: Thread, files: str) -> None:
        """Note which files the flow of a thread has forgotten, in words, as long as the conversation is kept."""
        name = self._key(thread, "chat")
        async with self._client.pipeline(transaction=True) as pipeline:
            pipeline.hset(name, "files", files)
            pipeline.pexpire(name, self._lifetime)
            await self._ask(pipeline.execute())

    async def set_quiet(self, thread: Thread, quiet: bool, now: float) -> None:
        """Note whether the bot is to be quiet in a thread, and renew the thread's lifetime."""
        await self._ask(self._set_quiet(keys=[self._key(thread, "chat")], args=[int(quiet), now, self._lifetime]))

    async def leave_out(self, thread: Thread, messages: Sequence[str], now: float) -> None:
        """Note messages of a thread that are not quoted, the latest `_MOST_LEFT_OUT` of them."""
        args: list[str | float] = [now, self._lifetime, _MOST_LEFT_OUT, *messages]
        await self._ask(self._leave_out(keys=[self._key(thread, "chat")], args=args))

    async def message_belongs(self, team: str, channel: str, ts: str, chat: MessageChat) -> None:
        """Note the chat that a message in a direct message belongs to, for as long as a conversation is kept."""
        name = self._key(Thread(team, channel, ts), "message")
        noted = [chat.chat_id, chat.flow.chatflow_id, *filter(None, [chat.flow.name])]
        await self._ask(self._client.set(name, json.dumps(noted), px=self._lifetime))

    async def chat_of_message(self, team: str, channel: str, ts: str) -> MessageChat | None:
        """The chat that a message belongs to."""
        kept = await self._ask(self._client.get(self._key(Thread(team, channel, ts), "message")))
        if kept is None:
            return None
        try:
            match parsed(kept):
                case [str(chat_id), str(chatflow_id), str(name), *_]:
                    return MessageChat(chat_id, NotedFlow(name, chatflow_id))
                case [str(chat_id), str(chatflow_id), *_]:
                    return MessageChat(chat_id, NotedFlow("", chatflow_id))
        except Unreadable as error:
            log.warning("note not read", note="the chat of a message", channel=channel, ts=ts, reason=str(error))
        return None

    async def run_started(self, line: str, chat_id: str, run: Run) -> None:
        """Note that a run is under way on a chat, in place of any earlier note.

        Kept for a day; for a run that waits for a decision, as long as its conversation.
        """
        lifetime = self._lifetime if run.awaits_decision else _milliseconds(_RUN_SECONDS)
        await self._ask(self._client.set(self._run(line, chat_id), encoded(run), px=lifetime))

    async def run_ended(self, line: str, chat_id: str) -> None:
        await self._ask(self._client.delete(self._run(line, chat_id)))

    async def run_on(self, line: str, chat_id: str) -> Run | None:
        """The run on a chat that was not seen to end."""
        kept = await self._ask(self._client.get(self._run(line, chat_id)))
        if kept is None:
            return None
        try:
            return decoded(Run, kept)
        except Unreadable as error:
            # It may still be going on, nobody knows since when: it is treated like one that has just begun.
            log.warning("note not read", note="a run", line=line, reason=str(error))
            return Run(since=time.time())

    async def begin_storing(self, line: str, chat_id: str, file_id: str, by: str) -> str:
        """Note that a file is now added to the vector store for a chat; returns who noted it first."""
        name = self._files(line, chat_id)
        async with self._client.pipeline(transaction=True) as pipeline:
            pipeline.hsetnx(name, file_id, by)
            pipeline.pexpire(name, self._lifetime)
            pipeline.hget(name, file_id)
            _, _, noted = await self._ask(pipeline.execute())
        return str(noted)

    async def stored_file(self, line: str, chat_id: str, file_id: str, *, added: bool) -> None:
        """Note that a file was added to the vector store for a chat; or forget it, where Flowise has not `added` it."""
        name = self._files(line, chat_id)
        await self._ask(self._client.hset(name, file_id, STORED) if added else self._client.hdel(name, file_id))

    async def spend(
        self,
        team: str,
        keys: Sequence[Key],
        reserve: float,
        call: str,
        report: ReplicaCounts = NOTHING,
        *,
        due: float | None = None,
    ) -> Spent:
        """Take a token from each bucket, or none and report the wait; the same `call` takes only once."""
        args = budget.arguments("take", reserve, call, report, keys, due=due)
        return budget.spent(cast("list[int]", await self._ask(self._budget(keys=self._buckets(team, keys), args=args))))

    async def report_counts(self, team: str, report: ReplicaCounts) -> None:
        """Report the answers that this replica is writing to the others."""
        args = budget.arguments("tell", 0.0, "", report, ())
        await self._ask(self._budget(keys=self._buckets(team, ()), args=args))

    async def refused(self, team: str, keys: Sequence[Key], retry_after: float, call: str) -> None:
        """Note that Slack answered a call with 429: nothing is drawn from its buckets for `retry_after` seconds."""
        args = budget.arguments("limited", retry_after, call, NOTHING, keys)
        await self._ask(self._budget(keys=self._buckets(team, keys), args=args))

    async def purge(self, team: str) -> int:
        """Delete what is kept of a workspace; returns how many keys that were. May be begun again."""
        count = await self._ask(purge(self._client, self._prefix, team), patience=_PURGE_SECONDS)
        return count + await self.mailboxes.purge(team)

    async def ping(self) -> None:
        """Raises StoreUnavailable if the store accepts no write within about a second."""
        # A write, because a replica, or a server that is out of memory, answers PING as well.
        probe = self._probe.set(f"{self._prefix}:probe:ping", 1, px=1000)
        await self._ask(probe, patience=min(self._patience, 1.0))

    async def health(self) -> RedisHealth:
        """What the server reports about itself. Raises StoreUnavailable if it does not answer."""
        return await health(self._client, patience=self._patience)

    def _key(self, thread: Thread, kind: str) -> str:
        return f"{self._prefix}:{{{thread.line}}}:{kind}:{thread.thread_ts}"

    def _conversation_keys(self, thread: Thread) -> list[str]:
        return [self._key(thread, "chat"), self._key(thread, "newest")]

    def _run(self, line: str, chat_id: str) -> str:
        return f"{self._prefix}:{{{line}}}:run:{chat_id}"

    def _files(self, line: str, chat_id: str) -> str:
        return f"{self._prefix}:{{{line}}}:files:{chat_id}"

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
