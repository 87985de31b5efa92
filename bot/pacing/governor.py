"""Grants permits to call Slack, in the order of the policy and within the write budget that all replicas share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TypeAlias
from uuid import uuid4

import structlog

from bot.background.supervision import Supervisor
from bot.errors import StoreUnavailable
from bot.pacing.budget import Budget
from bot.pacing.permits import Kind, Permit, Want
from bot.pacing.policy import Policy, Stock
from bot.pacing.shared_counts import SharedCounts
from bot.ports.budget import Spent
from bot.ports.store import Store
from bot.slack.tiers import Key, keys

log = structlog.get_logger(__name__)

# The longest time between two attempts to grant a permit, in seconds: what a refusal has taught may be forgotten before
# a wait is over that it has caused.
_LONGEST_SLEEP = 5.0
_AFTER_A_MISTAKE = 1.0
# Waits that end so close to each other are for the same token, in seconds: the time to Redis varies.
_TOGETHER = 0.02
Scale: TypeAlias = float | Callable[[str], float]
_POST, _EDIT = "chat.postMessage", "chat.update"
_START, _APPEND, _STOP = "chat.startStream", "chat.appendStream", "chat.stopStream"


@dataclass(slots=True)
class _Waiting:
    """A caller that waits for a permit. `want` returns what it would like to call at the moment."""

    want: Callable[[], Want]
    granted: asyncio.Future[Permit]
    not_before: float = 0.0
    put_off: Kind = Kind.ENDING
    """The kind of call that must wait until `not_before`; a more urgent one need not."""

    def wait(self, until: float, kind: Kind) -> None:
        """Do not ask the budget for a call of this kind before a time: it would say the same."""
        self.not_before, self.put_off = until, kind


@dataclass(slots=True)
class _Lane:
    """The callers that wait for permits to call one method, and the bucket as it was last known."""

    method: str
    waiting: dict[str, _Waiting] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    known: Spent | None = None
    known_at: float = 0.0


class Governor:
    """Grants permits from the write budget of one workspace. `scale` multiplies Slack's documented limits: all of them,
    or each by its method."""

    def __init__(
        self, store: Store, team: str, *, scale: Scale, now: Callable[[], float], supervisor: Supervisor | None = None
    ) -> None:
        self._supervisor = supervisor or Supervisor(now)
        self._store = store
        self._team = team
        self._scale = scale
        self._now = now
        self._policy = Policy()
        self._alone = Budget()
        self._lanes: dict[str, _Lane] = {}
        self._shared_counts = SharedCounts(uuid4().hex)

    @asynccontextmanager
    async def answering(self, reference: str) -> AsyncIterator[None]:
        """Count an answer among those that share the budget. How it grows is seen from its permits."""
        self._shared_counts.begin(reference)
        try:
            yield
        finally:
            self._shared_counts.end(reference)
        with suppress(StoreUnavailable):
            await self._store.report_counts(self._team, self._shared_counts.report())

    def rests(self, reference: str) -> None:
        """Do not count an answer for now: its question waits, unseen, for others of its asker."""
        self._shared_counts.end(reference)

    def goes_on(self, reference: str) -> None:
        """Count an answer that rested."""
        self._shared_counts.begin(reference)

    async def granted(self, want: Callable[[], Want]) -> Permit:
        """Wait for a permit to make the wanted call; `want` is called again for each decision.

        A want that does not wait gets an answer at once, possibly a permit that is denied.
        """
        first = want()
        if not first.method:
            return Permit("", first.channel, "")
        lane = self._lanes.setdefault(first.method, _Lane(first.method))
        ticket = uuid4().hex
        lane.waiting[ticket] = waiting = _Waiting(want, asyncio.get_running_loop().create_future())
        lane.changed.set()
        if lane.task is None or lane.task.done():
            lane.task = self._supervisor.start(
                f"permits for {lane.method}", lambda: self._serve(lane), longest=_AFTER_A_MISTAKE
            )
        try:
            return await waiting.granted
        finally:
            lane.waiting.pop(ticket, None)

    def touch(self) -> None:
        """Decide anew: some want is more urgent than before, because its answer has ended."""
        for lane in self._lanes.values():
            lane.changed.set()

    async def refused(self, permit: Permit, retry_after: float) -> None:
        """Note that Slack answered a permitted call with 429, so that all replicas slow down for its method."""
        if not permit.method:
            return
        log.warning("calls rate limited", method=permit.method, retry_after=retry_after)
        buckets = self._keys(permit.method, permit.channel)
        self._alone.limited(buckets, retry_after, self._now())
        with suppress(StoreUnavailable):
            await self._store.refused(self._team, buckets, retry_after, permit.name)
        self.touch()

    def waiting(self, method: str) -> int:
        """How many callers wait for a permit to call a method."""
        lane = self._lanes.get(method)
        return len(lane.waiting) if lane else 0

    async def stop(self) -> None:
        """Stop granting permits."""
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    # Granting permits -------------------------------------------------------------------------------------------------

    async def _serve(self, lane: _Lane) -> None:
        while lane.waiting:
            lane.changed.clear()
            try:
                rest = await self._grant_one(lane)
            except Exception:  # a bug must not keep every answer from being written
                log.exception("calls not prioritised", method=lane.method)
                rest = self._without_thought(lane)
            if rest > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(rest, _LONGEST_SLEEP)):
                        await lane.changed.wait()

    def _without_thought(self, lane: _Lane) -> float:
        """Grant a permit to the first that came, once a second."""
        ticket = next(iter(lane.waiting), None)
        if ticket is not None:
            self._settle(lane, ticket, Permit(lane.method, lane.waiting[ticket].want().channel, uuid4().hex))
        return _AFTER_A_MISTAKE

    async def _grant_one(self, lane: _Lane) -> float:
        """Grant the most valuable call, if any may be made. Returns the seconds until the next decision is due."""
        now = self._now()
        ready = self._wants(lane, now)
        if not ready:
            return min((one.not_before for one in lane.waiting.values()), default=now) - now
        chosen, reserve, rest = self._chosen(lane, ready, now)
        if chosen is None:
            for ticket in [ticket for ticket, want in ready.items() if not want.waits]:
                self._settle(lane, ticket, Permit(lane.method, ready[ticket].channel, "", denied=rest))
            return rest
        return await self._draw(lane, chosen, ready, reserve)

    def _wants(self, lane: _Lane, now: float) -> dict[str, Want]:
        """The wants that may be granted now. One that raises is dropped, and keeps no other waiting."""
        wants: dict[str, Want] = {}
        for ticket, one in list(lane.waiting.items()):
            try:
                want = replace(one.want(), method=lane.method)
                if one.not_before <= now + _TOGETHER or want.kind < one.put_off:
                    wants[ticket] = want
            except Exception as error:  # noqa: BLE001  # raised to the caller that waits for the permit
                del lane.waiting[ticket]
                if not one.granted.done():
                    one.granted.set_exception(error)
        return wants

    async def _draw(self, lane: _Lane, chosen: str, ready: Mapping[str, Want], reserve: float) -> float:
        """Draw on the budget for the chosen want. Returns the seconds until the next decision is due."""
        want, call = ready[chosen], uuid4().hex
        if lane.method == _START and not want.waits and (rest := self._stream_in()) > 0:
            self._settle(lane, chosen, Permit(want.method, want.channel, "", denied=rest))
            return 0.0
        spent = await self._spend(want, reserve, call)
        lane.known, lane.known_at = spent, self._now()
        if spent.wait <= 0:
            self._shared_counts.called(want.answer, want.method)
            self._settle(lane, chosen, Permit(want.method, want.channel, call))
            return 0.0
        if not want.waits:
            self._settle(lane, chosen, Permit(want.method, want.channel, "", denied=spent.wait))
            return 0.0
        if chosen in lane.waiting:
            lane.waiting[chosen].wait(self._now() + min(spent.wait, _LONGEST_SLEEP), want.kind)
        if spent.wait > spent.shared_wait:  # the channel's own bucket is the empty one
            self._put_off(lane, want, ready, min(spent.wait, _LONGEST_SLEEP))
        # Other channels may go on if only this channel's bucket is empty, and wants that do not wait need an answer.
        return 0.0 if any(not other.waits for other in ready.values()) else spent.shared_wait

    def _put_off(self, lane: _Lane, want: Want, ready: Mapping[str, Want], wait: float) -> None:
        """Make wants for the same channel that are not more urgent wait as long: the budget would say the same."""
        for ticket, other in ready.items():
            if ticket in lane.waiting and other.channel == want.channel and other.waits and other.kind >= want.kind:
                lane.waiting[ticket].wait(self._now() + wait, want.kind)

    def _settle(self, lane: _Lane, ticket: str, permit: Permit) -> None:
        """Give a permit to a caller, if it is still waiting."""
        waiting = lane.waiting.pop(ticket, None)
        if waiting is not None and not waiting.granted.done():
            waiting.granted.set_result(permit)

    def _chosen(self, lane: _Lane, ready: Mapping[str, Want], now: float) -> tuple[str | None, float, float]:
        """The ticket to grant now or None, the tokens to reserve for others, the seconds until the next decision."""
        if lane.method not in {_POST, _EDIT, _APPEND}:
            return min(ready, key=lambda ticket: (ready[ticket].kind, ready[ticket].since)), 0.0, 0.0
        mean = self._policy.mean_speed(ready.values(), now)
        if lane.method != _APPEND:
            self._shared_counts.grows(mean)
        counts = self._shared_counts.counts
        if lane.method == _APPEND:
            # The last text of a stream is sent with its stop, so nothing is reserved for endings.
            stock, growing, unfinished = self.stock(_APPEND), counts.streaming, 0
        else:
            # A post is cheap, but the edits that follow are not: both are judged by what is left for edits.
            stock, growing, unfinished = self.stock(_EDIT), counts.editing, counts.standing
            mean = counts.speed / max(1, counts.editing)
        level, quota, growing = stock.level, stock.quota, max(growing, 1)
        chosen, rest = self._policy.choose(
            ready, now, level=level, quota=quota, growing=growing, unfinished=unfinished, mean=mean
        )
        if chosen is None or lane.method == _POST:
            return chosen, 0.0, rest
        return chosen, self._policy.reserve(ready[chosen].kind, unfinished, quota), rest

    def _stream_in(self) -> float:
        """Seconds until one more answer might begin to stream; 0.0: now."""
        counts = self._shared_counts.counts
        return self._policy.stream_in(
            starts=self.stock(_START),
            stops=self.stock(_STOP),
            appends=self.stock(_APPEND),
            edits=self.stock(_EDIT),
            streaming=counts.streaming,
            growing=counts.editing,
            standing=counts.standing,
        )

    def stock(self, method: str) -> Stock:
        """What is in a method's bucket as far as we know: others may have taken some since we last heard."""
        lane = self._lanes.get(method)
        if lane is None or lane.known is None:
            quota = self._keys(method, "")[0].quota
            return Stock(float(quota.burst), quota)
        since = self._now() - lane.known_at
        return Stock(min(lane.known.level + since * lane.known.quota.rate, lane.known.quota.burst), lane.known.quota)

    def _keys(self, method: str, channel: str) -> tuple[Key, ...]:
        scale = self._scale(method) if callable(self._scale) else self._scale
        return tuple(replace(key, quota=key.quota.scaled(scale)) for key in keys(method, channel))

    async def _spend(self, want: Want, reserve: float, call: str) -> Spent:
        buckets, now, report = (
            self._keys(want.method, want.channel),
            self._now(),
            self._shared_counts.report(want.answer, want.method),
        )
        urgent = want.kind is Kind.ENDING
        try:
            due = max(0.0, now - want.since) if urgent else None
            spent = await self._store.spend(self._team, buckets, reserve, call, report, due=due)
        except StoreUnavailable:
            self._shared_counts.alone()
            return self._spend_alone(buckets, reserve, now, urgent=urgent)
        self._shared_counts.received(report, spent.counts)
        if spent.wait <= 0:
            self._alone.take(buckets, now, urgent=urgent)  # so that it is not full if it is needed
        return spent

    def _spend_alone(self, buckets: tuple[Key, ...], reserve: float, now: float, *, urgent: bool) -> Spent:
        """Draw on a budget of this process until the shared one is back: some 429s are better than silence."""
        wait, first = self._alone.take(buckets, now, reserve=reserve, urgent=urgent), buckets[0]
        shared = self._alone.wait(first, now, reserve=reserve, urgent=urgent) if wait > 0 else 0.0
        return Spent(wait, self._alone.level(first, now), self._alone.quota(first, now), shared_wait=shared)
