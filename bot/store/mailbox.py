"""Stores mailboxes in Redis: under which keys, for how long, and in a list of those that are not empty.

The list is in another slot of a Cluster than the mailboxes, so no script can write both. A mailbox is therefore listed
for the length of a lease before an item is put into it, and nobody removes it from the list in that time;
`tests/store/test_mailbox_steps.py` plays all orders of the commands.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast
from uuid import uuid4

import structlog
from redis.asyncio import Redis

from bot.errors import StoreDamaged, StoreUnavailable, Unreadable
from bot.ports.mailboxes import TakenOver
from bot.records.codec import decoded, encoded, printable
from bot.records.thread import (
    Hold,
    Item,
    OpenAnswer,
    QuestionProgress,
    Run,
    StopRequest,
    Thread,
    UnansweredQuestion,
    seconds,
)
from bot.store import mailbox_script as scripts
from bot.store.server_clock import ServerClock
from bot.store.stops import AskStore, RedisStops, request_of

log = structlog.get_logger(__name__)

# With Delayed Events, Slack repeats deliveries for hours (Slack docs, The Events API); two days is safely more.
CLAIM_SECONDS = 48 * 3600.0
# A week after a question was asked, an answer is of no use to the person who asked.
_KEPT_SECONDS = 7 * 86_400.0
# A process counts as gone if it has not looked for abandoned items for so many leases.
_PRESENT_LEASES = 2
# Time for an operator to notice an item that was put aside and look at it.
_ASIDE_SECONDS = 30 * 86_400.0
# Claims whose reply was lost. There is a limit because Slack may never deliver their messages again.
_MOST_UNSURE = 1_000
# Holds per call: a script unpacks its arguments on Lua's stack, which has room for some thousands.
_AT_ONCE = 500


class RedisMailboxes:
    """Implements `bot.ports.mailboxes.Mailboxes`.

    `conversation` and `run` are how long their notes are kept, in seconds. `now` is monotonic, `wall` is epoch seconds.
    """

    def __init__(
        self,
        client: Redis,
        ask: AskStore,
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
        self._unsure: OrderedDict[Hold, str] = OrderedDict()
        """The names of calls that may have claimed a question, although their reply was lost."""
        self._damaged: set[str] = set()
        """The lines of mailboxes in which a key has the wrong type: each is logged once."""
        self._accept = client.register_script(scripts.ACCEPT)
        self._stand = client.register_script(scripts.STAND)
        self._let_pass = client.register_script(scripts.LET_PASS)
        self._shown = client.register_script(scripts.SHOWN)
        self._note = client.register_script(scripts.NOTE)
        self._settle = client.register_script(scripts.SETTLE)
        self._put_aside = client.register_script(scripts.PUT_ASIDE)
        self._release = client.register_script(scripts.RELEASE)
        self._take = client.register_script(scripts.TAKE)
        self._list = client.register_script(scripts.LIST)
        self._relist = client.register_script(scripts.RELIST)
        self._due = client.register_script(scripts.DUE)
        self._others = client.register_script(scripts.OTHERS)
        self._unlist = client.register_script(scripts.UNLIST)
        self._stops = RedisStops(client, ask, prefix, kept=_KEPT_SECONDS)

    @property
    def stops(self) -> RedisStops:
        """Which of the items a person no longer wants an answer to."""
        return self._stops

    async def accept(self, hold: Hold, lease: float, *, opens: Thread | None, opened: OpenAnswer) -> bool:
        """Store an item and claim its reference in one step; False when that was claimed before."""
        name = self._unsure.pop(hold, "") or uuid4().hex
        try:
            return await self._accepted(hold, name, lease, opens=opens, opened=opened)
        except StoreUnavailable:  # it may be claimed: if so, the next try under this name succeeds
            self._unsure[hold] = name
            if len(self._unsure) > _MOST_UNSURE:
                self._unsure.popitem(last=False)
            raise

    async def _accepted(self, hold: Hold, name: str, lease: float, *, opens: Thread | None, opened: OpenAnswer) -> bool:
        item = hold.item
        keys = [
            self._key(item.line, f"claim:{item.reference}"),
            *self._keys(item.line, "mail", "items", "holders", "leases"),
        ]
        keys += self._keys(item.line, "open", f"chat:{opens.thread_ts}" if opens else "chat:")
        args: list[str | float] = [
            name,
            # One that is asked again is claimed for at least as long as its button works.
            _milliseconds(max(CLAIM_SECONDS, self._conversation) if opened.again else CLAIM_SECONDS),
            item.reference,
            seconds(item.ts),
            encoded(item),
            hold.token,
            _milliseconds(lease),
            _milliseconds(_KEPT_SECONDS),
            "" if opened == OpenAnswer() else encoded(opened),
            int(opens is not None),
            self._wall(),
            _milliseconds(self._conversation),
        ]
        accepted = -1
        while accepted < 0:  # usually once: a lease has passed since it was listed only if this process stood still
            listed = await self._listed(item, lease)
            accepted = int(await self._ask(self._accept(keys=keys, args=[*args, listed])))
        return bool(accepted)

    async def stand(self, hold: Hold, lease: float) -> int | None:
        """Renew a hold: the number of items before it; None if it is no longer ours, or does not exist."""
        [before] = await self.stand_all([hold], lease)
        return before

    async def stand_all(self, holds: Sequence[Hold], lease: float) -> list[int | None]:
        """Renew several holds of one mailbox, in one round trip."""
        places: list[int | None] = []
        for start in range(0, len(holds), _AT_ONCE):
            some = holds[start : start + _AT_ONCE]
            keys = self._keys(some[0].item.line, "mail", "holders", "leases", "turn", "passed")
            args: list[str | float] = [_milliseconds(lease), _milliseconds(_KEPT_SECONDS)]
            args += [part for hold in some for part in (hold.item.reference, hold.token)]
            found = cast("list[int]", await self._ask(self._stand(keys=keys, args=args)))
            places += [before if before >= 0 else None for before in found]
        return places

    async def let_pass(self, hold: Hold, seconds: float) -> bool:
        """Let all others of its mailbox go before an item; False if it is not ours."""
        keys = self._keys(hold.item.line, "holders", "turn", "passed")
        args: list[str | float] = [hold.item.reference, hold.token, _milliseconds(seconds)]
        return bool(await self._ask(self._let_pass(keys=keys, args=args)))

    async def is_shown_before(self, hold: Hold) -> bool:
        """Whether all items before this one have something standing in Slack."""
        keys = self._keys(hold.item.line, "mail", "open")
        return bool(await self._ask(self._shown(keys=keys, args=[hold.item.reference])))

    async def restore(self, hold: Hold, lease: float, opened: OpenAnswer) -> bool:
        """Store an item again after the store lost its data; False if it still exists or was settled."""
        return await self.accept(hold, lease, opens=None, opened=opened)

    async def note(self, hold: Hold, opened: OpenAnswer, run: Run | None = None) -> bool | StopRequest:
        """Note the state of an answer and, with it, a run that starts; False if the item is no longer ours.

        A run of a question that was stopped is not noted: the request that has stopped it is returned.
        """
        keys = self._keys(hold.item.line, "holders", "open", f"run:{opened.chat_id}", "stopped")
        args: list[str | float] = [hold.item.reference, hold.token, encoded(opened), _milliseconds(_KEPT_SECONDS)]
        args += [encoded(run) if run else "", _milliseconds(self._run)]
        noted = await self._ask(self._note(keys=keys, args=args))
        return request_of(noted) if isinstance(noted, str) else bool(noted)

    async def settle(
        self, hold: Hold, again: UnansweredQuestion | None = None, *, run_over: str = ""
    ) -> StopRequest | None:
        """Delete a settled item and the note of its run on the chat `run_over`; `again` is kept like a conversation.
        Returns who has stopped it, however late."""
        reference = hold.item.reference
        parts = (*_MAILBOX, f"again:{reference}", f"run:{run_over}")
        kept = encoded(again) if again else ""
        args: list[str | float] = [reference, hold.token, kept, _milliseconds(self._conversation)]
        args += [int(bool(run_over))]
        settled = await self._ask(self._settle(keys=self._keys(hold.item.line, *parts), args=args))
        return request_of(settled) if isinstance(settled, str) else None

    async def put_aside(self, hold: Hold, reason: str) -> str:
        """Move an item as it is out of its mailbox; returns the name of its key, empty if it is not ours."""
        aside = self._key(hold.item.line, f"aside:{hold.item.reference}")
        args: list[str | float] = [hold.item.reference, hold.token, reason, _milliseconds(_ASIDE_SECONDS)]
        done = await self._ask(self._put_aside(keys=[*self._keys(hold.item.line, *_MAILBOX), aside], args=args))
        return aside if done else ""

    async def release(self, hold: Hold, *, run_over: str = "", failed: bool = False) -> None:
        """Hand an item over for another process to take at once, without the note of a run on the chat `run_over`."""
        keys = self._keys(hold.item.line, "holders", "failures", "leases", f"run:{run_over}")
        args: list[str | float] = [hold.item.reference, hold.token, int(bool(run_over)), int(failed)]
        await self._ask(self._release(keys=keys, args=[*args, _milliseconds(_KEPT_SECONDS)]))
        await self._listed(hold.item, 0.0)

    async def items(self, line: str) -> tuple[Item, ...]:
        """The items of a mailbox that this version can read, in their order."""
        kept = await self._ask(cast("Awaitable[dict[str, str]]", self._client.hgetall(self._key(line, "items"))))
        found: list[Item] = []
        for one in kept.values():
            with suppress(Unreadable):
                found.append(decoded(Item, one))
        return tuple(sorted(found, key=lambda item: (seconds(item.ts), item.reference)))

    async def asked(self, line: str, reference: str) -> UnansweredQuestion | None:
        """A question that may be asked again."""
        kept = await self._ask(self._client.get(self._key(line, f"again:{reference}")))
        if kept is None:
            return None
        try:
            return decoded(UnansweredQuestion, kept)
        except Unreadable as error:
            log.warning("note not read", note="a question to ask again", ref=reference, line=line, reason=str(error))
            return None

    async def progress(self, line: str, reference: str) -> QuestionProgress | None:
        """How far a question has come. The claim is read first: it is created with the holder, and outlasts it."""
        claimed = await self._ask(self._client.exists(self._key(line, f"claim:{reference}")))
        held = await self._ask(self._client.hexists(self._key(line, "holders"), reference))
        if not held:
            return QuestionProgress(settled=True) if claimed else None
        opened = await self._ask(cast("Awaitable[str | None]", self._client.hget(self._key(line, "open"), reference)))
        try:
            return QuestionProgress(settled=False, messages=decoded(OpenAnswer, opened).messages if opened else ())
        except Unreadable:  # written by another version; it is being worked on all the same
            return QuestionProgress(settled=False)

    async def abandoned(
        self, teams: Collection[str], process: str, lease: float, *, but_not: Collection[tuple[str, str]] = ()
    ) -> tuple[tuple[TakenOver, ...], Mapping[str, int]]:
        """Take the items of these teams whose lease ran out, and count the other processes of each team."""
        served, ms, asked_at = list(teams), _milliseconds(lease), self._now()
        args: list[str | float] = [process, _milliseconds(lease * _PRESENT_LEASES), ms, _milliseconds(_KEPT_SECONDS)]
        keys = [*self._list_keys, *map(self._processes_key, served)]
        now, counts, listed = await self._ask(self._due(keys=keys, args=[*args, *served]))
        others = {team: int(count) for team, count in zip(served, counts, strict=True)}
        now = int(now)
        if not self._clock.is_trusted(now / 1000, asked_at, self._now(), lease):
            return (), others
        taken: list[TakenOver] = []
        for line, seen in zip(listed[::2], listed[1::2], strict=True):
            others_items = [reference for other, reference in but_not if other == line]
            try:
                while len(found := await self._take_one(line, process, ms, now, others_items)) > 1:
                    taken.append(_taken(found, line.partition(":")[0], line, process))
                self._damaged.discard(line)
            except StoreDamaged as error:  # concerns one mailbox: the others are looked into all the same
                if line not in self._damaged:
                    log.warning("mailbox damaged", line=printable(line), reason=str(error))
                self._damaged.add(line)
                found = [now + ms]
            await self._ask(self._relist(keys=self._list_keys, args=[line, seen, found[0], ms]))
        return tuple(taken), others

    async def _take_one(self, line: str, process: str, lease: int, now: int, but_not: Sequence[str]) -> list[Any]:
        args: list[str | float] = [process, lease, _milliseconds(_KEPT_SECONDS), now, *but_not]
        return cast("list[Any]", await self._ask(self._take(keys=self._keys(line, *_MAILBOX), args=args)))

    async def others(self, team: str, process: str) -> int:
        """Count the other processes of a team, as they are now."""
        return int(await self._ask(self._others(keys=[self._processes_key(team)], args=[process])))

    async def withdraw(self, teams: Collection[str], process: str) -> None:
        """Take ourselves off the lists of processes."""
        for team in teams:
            await self._ask(self._client.zrem(self._processes_key(team), process))

    async def purge(self, team: str) -> int:
        """Take the mailboxes of a workspace off the list; the keys themselves are deleted by `bot.store.purge`."""
        return int(await self._ask(self._unlist(keys=self._list_keys, args=[f"{team}:"])))

    async def _listed(self, item: Item, due: float) -> int:
        """List an item's mailbox to be looked into after `due` seconds; returns until when it stays listed."""
        args: list[str | float] = [item.line, _milliseconds(due), _milliseconds(_KEPT_SECONDS)]
        return int(await self._ask(self._list(keys=self._list_keys, args=args)))

    def _key(self, line: str, part: str) -> str:
        return f"{self._prefix}:{{{line}}}:{part}"

    def _keys(self, line: str, *parts: str) -> list[str]:
        return [self._key(line, part) for part in parts]

    @property
    def _list_keys(self) -> list[str]:
        return [f"{self._prefix}:{{lines}}:due", f"{self._prefix}:{{lines}}:until"]

    def _processes_key(self, team: str) -> str:
        return f"{self._prefix}:{{lines}}:processes:{team}"


_MAILBOX = ("mail", "items", "open", "holders", "failures", "leases", "turn", "stopped")
"""The parts of a mailbox, in the order in which the scripts expect them."""


def _taken(found: Sequence[Any], team: str, line: str, process: str) -> TakenOver:
    reference, epoch, kept, opened, failures, stopped = found
    unreadable, item, known = "", Item(team, line, reference, "", "", ""), OpenAnswer()
    try:
        read = decoded(Item, kept)
        if (read.team, read.line, read.reference) != (team, line, reference):
            raise Unreadable("it is not what its key names")
        known = decoded(OpenAnswer, opened) if opened else known
        item = read
    except Unreadable as error:
        unreadable = str(error)
    request = request_of(stopped) if stopped else None
    return TakenOver(Hold(item, process, int(epoch)), known, int(failures), unreadable, request)


def _milliseconds(value: float) -> int:
    return max(0, round(value * 1000))
