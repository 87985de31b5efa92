"""Knows the mailboxes in Redis: their keys, how long they are kept, and the list of those that are not empty."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, replace
from typing import Any, Protocol, TypeVar, cast
from uuid import uuid4

from redis.asyncio import Redis

from bot.ports import TakenOver
from bot.store import mailbox_script as scripts
from bot.store.notes import noted, read
from bot.store.server_clock import ServerClock
from bot.thread import Asked, Hold, Item, OpenAnswer, Progress, Run, Thread, seconds

T = TypeVar("T")

# Slack repeats deliveries for hours with Delayed Events; two days is safely more (Slack docs, The Events API).
CLAIM_SECONDS = 48 * 3600.0
# What nobody has come to work on for a week is of no use to who asked it.
_KEPT_SECONDS = 7 * 86_400.0
# A process that has not looked after abandoned items for so many leases is not counted on.
_PRESENT_LEASES = 2


class Ask(Protocol):
    """Asks the store within its patience; any failure is a StoreUnavailable."""

    async def __call__(self, question: Awaitable[T], /) -> T: ...


class RedisMailboxes:
    """The mailboxes of `bot.ports.Mailboxes`. `lifetimes` are in seconds: of a conversation, and of a run's note.

    `now` is monotonic, `wall` is epoch seconds.
    """

    def __init__(
        self,
        client: Redis,
        ask: Ask,
        prefix: str,
        *,
        conversation: float,
        run: float,
        now: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._ask = ask
        self._client = client
        self._prefix = prefix
        self._conversation = conversation
        self._run = run
        self._now = now
        self._wall = wall
        self._clock = ServerClock()
        self._accept = client.register_script(scripts.ACCEPT)
        self._stand = client.register_script(scripts.STAND)
        self._shown = client.register_script(scripts.SHOWN)
        self._note = client.register_script(scripts.NOTE)
        self._settle = client.register_script(scripts.SETTLE)
        self._release = client.register_script(scripts.RELEASE)
        self._take = client.register_script(scripts.TAKE)
        self._list = client.register_script(scripts.LIST)
        self._relist = client.register_script(scripts.RELIST)
        self._due = client.register_script(scripts.DUE)

    async def accept(self, hold: Hold, lease: float, *, opens: Thread | None, opened: OpenAnswer) -> bool:
        """Store an item and claim its reference in one step; False when that was claimed before."""
        item = hold.item
        keys = [
            self._key(item.line, f"claim:{item.reference}"),
            *self._keys(item.line, "mail", "items", "holders", "leases"),
        ]
        keys += self._keys(item.line, "open", f"chat:{opens.thread_ts}" if opens else "chat:")
        args: list[str | float] = [
            uuid4().hex,
            _milliseconds(CLAIM_SECONDS),
            item.reference,
            seconds(item.ts),
            noted(item),
            hold.token,
            _milliseconds(lease),
            _milliseconds(_KEPT_SECONDS),
            "" if opened == OpenAnswer() else noted(opened),
            int(opens is not None),
            self._wall(),
            _milliseconds(self._conversation),
        ]
        accepted = -1
        while accepted < 0:  # less than a lease has gone by since it was listed, unless we stood still
            listed = await self._listed(item, lease)
            accepted = int(await self._ask(self._accept(keys=keys, args=[*args, listed])))
        return bool(accepted)

    async def stand(self, hold: Hold, lease: float) -> int | None:
        """Renew a hold: the number of items before it, None when it is not ours any more or not there."""
        keys = self._keys(hold.item.line, "mail", "holders", "leases", "turn")
        args: list[str | float] = [hold.item.reference, hold.token, _milliseconds(lease), _milliseconds(_KEPT_SECONDS)]
        before = int(await self._ask(self._stand(keys=keys, args=args)))
        return before if before >= 0 else None

    async def is_shown_before(self, hold: Hold) -> bool:
        """Whether the item before this one has something standing in Slack, or there is none."""
        keys = self._keys(hold.item.line, "mail", "open")
        return bool(await self._ask(self._shown(keys=keys, args=[hold.item.reference])))

    async def restore(self, hold: Hold, lease: float, opened: OpenAnswer) -> bool:
        """Store an item anew after the store has lost its data; False when it is there or was settled."""
        return await self.accept(hold, lease, opens=None, opened=opened)

    async def note(self, hold: Hold, opened: OpenAnswer, run: Run | None = None) -> bool:
        """Note what is open of an answer, and with it the run that starts; False when it is not ours any more."""
        keys = self._keys(hold.item.line, "holders", "open", f"run:{opened.chat_id}")
        args: list[str | float] = [hold.item.reference, hold.token, noted(opened), _milliseconds(_KEPT_SECONDS)]
        args += [noted(run) if run else "", _milliseconds(self._run)]
        return bool(await self._ask(self._note(keys=keys, args=args)))

    async def settle(self, hold: Hold, again: Asked | None = None, *, run_over: str = "") -> None:
        """Take a done item away, and the note of its run on the chat `run_over`; `again` lives like a conversation."""
        reference = hold.item.reference
        parts = ("mail", "items", "open", "holders", "leases", "turn", f"again:{reference}", f"run:{run_over}")
        kept = json.dumps({"item": asdict(again.item), "messages": again.messages}) if again else ""
        args: list[str | float] = [reference, hold.token, kept, _milliseconds(self._conversation)]
        args += [int(bool(run_over))]
        await self._ask(self._settle(keys=self._keys(hold.item.line, *parts), args=args))

    async def release(self, hold: Hold, *, run_over: str = "") -> None:
        """Let another process take an item at once, without the note of a run on the chat `run_over`."""
        keys = self._keys(hold.item.line, "holders", "leases", f"run:{run_over}")
        await self._ask(self._release(keys=keys, args=[hold.item.reference, hold.token, int(bool(run_over))]))
        await self._listed(hold.item, 0.0)

    async def asked(self, line: str, reference: str) -> Asked | None:
        """A question that may be asked again."""
        kept = await self._ask(self._client.get(self._key(line, f"again:{reference}")))
        if kept is None:
            return None
        found = json.loads(kept)
        return Asked(read(Item, json.dumps(found["item"])), tuple(found["messages"]))

    async def progress(self, line: str, reference: str) -> Progress | None:
        """How far a question has come. The claim is read first: it comes with its holder, and outlasts it."""
        claimed = await self._ask(self._client.exists(self._key(line, f"claim:{reference}")))
        held = await self._ask(self._client.hexists(self._key(line, "holders"), reference))
        if not held:
            return Progress(settled=True) if claimed else None
        opened = await self._ask(cast("Awaitable[str | None]", self._client.hget(self._key(line, "open"), reference)))
        return Progress(settled=False, messages=tuple(read(OpenAnswer, opened).messages) if opened else ())

    async def abandoned(self, team: str, process: str, lease: float) -> tuple[tuple[TakenOver, ...], int]:
        """Take the items whose lease ran out, and count the other processes."""
        ms, asked_at = _milliseconds(lease), self._now()
        args: list[str | float] = [process, _milliseconds(lease * _PRESENT_LEASES), ms]
        found = await self._ask(self._due(keys=[self._list_key(team, "due"), self._processes_key(team)], args=args))
        others, now, listed = int(found[0]), int(found[1]), found[2:]
        if not self._clock.is_trusted(now / 1000, asked_at, self._now(), lease):
            return (), others
        taken: list[TakenOver] = []
        for line, seen in zip(listed[::2], listed[1::2], strict=True):
            while len(found := await self._take_one(line, process, ms, now)) > 1:
                taken.append(_taken(found, process))
            await self._ask(self._relist(keys=self._list_keys(team), args=[line, seen, found[0], ms]))
        return tuple(taken), others

    async def _take_one(self, line: str, process: str, lease: int, now: int) -> list[Any]:
        keys = self._keys(line, "items", "open", "holders", "leases")
        return cast("list[Any]", await self._ask(self._take(keys=keys, args=[process, lease, now])))

    async def withdraw(self, team: str, process: str) -> None:
        """Take ourselves off the list of processes."""
        await self._ask(self._client.zrem(self._processes_key(team), process))

    async def _listed(self, item: Item, due: float) -> int:
        """Put an item's mailbox on the list, to be looked into after `due` seconds; until when it stays there."""
        args: list[str | float] = [item.line, _milliseconds(due), _milliseconds(_KEPT_SECONDS)]
        return int(await self._ask(self._list(keys=self._list_keys(item.team), args=args)))

    def _key(self, line: str, part: str) -> str:
        return f"{self._prefix}:{{{line}}}:{part}"

    def _keys(self, line: str, *parts: str) -> list[str]:
        return [self._key(line, part) for part in parts]

    def _list_keys(self, team: str) -> list[str]:
        return [self._list_key(team, "due"), self._list_key(team, "until")]

    def _processes_key(self, team: str) -> str:
        return self._list_key(team, "processes")

    def _list_key(self, team: str, part: str) -> str:
        return f"{self._prefix}:{{lines:{team}}}:{part}"


def _taken(found: Sequence[Any], process: str) -> TakenOver:
    _, epoch, item, opened = found
    known = read(OpenAnswer, opened) if opened else OpenAnswer()
    return TakenOver(Hold(read(Item, item), process, int(epoch)), replace(known, messages=tuple(known.messages)))


def _milliseconds(value: float) -> int:
    return max(0, round(value * 1000))
