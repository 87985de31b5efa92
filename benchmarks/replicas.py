"""Simulates how the bot's replicas spend the budget in invented time: what each counts, and what all of them share."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from benchmarks.crowd import POST, UPDATE, Stream
from bot.pacing.budget import Budget
from bot.pacing.permits import Kind, Want
from bot.pacing.policy import Policy, Stock
from bot.pacing.shared_counts import SharedCounts
from bot.ports.budget import Counts, ReplicaCounts
from bot.slack.tiers import keys
from bot.store.budget_script import FADE, GRACE, TIE

CALL = 0.12
LIMITS = {UPDATE: 50, POST: 300, "assistant.threads.setStatus": 600}
BY_CHANCE = "by chance"
NO_CHANCE: Mapping[int, float] = MappingProxyType({})


class Judge:
    """Slack's limits by sliding windows. `by_chance`: the Retry-After of edits that are refused without a limit, each
    by its number among all edits."""

    def __init__(self, scale: float, by_chance: Mapping[int, float]) -> None:
        self._scale = scale
        self._by_chance = by_chance
        self._edits = 0
        self._calls: dict[str, deque[float]] = {}

    def wait(self, method: str, channel: str, now: float) -> tuple[float, str]:
        """Count the call and return 0.0; or the seconds to wait, and which limit says so."""
        self._edits += method == UPDATE
        if method == UPDATE and self._edits in self._by_chance:
            return self._by_chance[self._edits], BY_CHANCE
        windows = [(method, LIMITS[method], 60.0)]
        if method == POST:
            windows.append((f"{method} {channel}", 5, 5.0))
        wait, limit = 0.0, ""
        for name, most, span in windows:
            calls = self._calls.setdefault(name, deque())
            while calls and calls[0] <= now - span:
                calls.popleft()
            if len(calls) >= max(1, int(most * self._scale)):
                wait, limit = max((wait, limit), (calls[0] + span - now, name))
        if wait <= 0.0:
            for name, _, _ in windows:
                self._calls[name].append(now)
        return wait, limit


class Shared:
    """What is in Redis: the budget, what each replica has told of its answers, and whose endings wait."""

    def __init__(self, told: float) -> None:
        self.budget = Budget(scale=told)
        self._told: dict[str, tuple[float, Counts]] = {}
        self._endings: dict[str, dict[str, tuple[float, float]]] = {}

    def tell(self, told: ReplicaCounts, now: float) -> Counts:
        """Take in a replica's counts; returns the sums over all."""
        self._told[told.replica] = now, told.counts
        sums = Counts()
        for at, counts in self._told.values():
            sums += counts if at > now - FADE else Counts()
        return sums

    def draw(self, want: Want, reserve: float, replica: str, now: float) -> tuple[float, float]:
        """Take the tokens of a call, or return the seconds until they can be had, and those of anybody else."""
        buckets, urgent = keys(want.method, want.channel), want.kind is Kind.ENDING
        waiting = self._endings.setdefault(want.method, {})
        reserve += sum(
            other != replica and now < till and (not urgent or since < want.since - TIE)
            for other, (since, till) in waiting.items()
        )
        wait = self.budget.take(buckets, now, reserve=reserve, urgent=urgent)
        shared = self.budget.wait(buckets[0], now, reserve=reserve, urgent=urgent) if wait > 0.0 else 0.0
        if urgent and shared > 0.0:
            waiting[replica] = want.since, now + shared + GRACE
        elif urgent:
            waiting.pop(replica, None)
        return wait, shared

    def stock(self, method: str, now: float) -> Stock:
        key = keys(method, "")[0]
        return Stock(self.budget.level(key, now), self.budget.quota(key, now))


@dataclass(slots=True)
class Replica:
    """One process of the bot: its answers, and what it knows of the others and of the budget since its last draw."""

    name: str
    shared: Shared
    told: float
    live: list[Stream] = field(default_factory=list)
    wake: float = math.inf
    shared_counts: SharedCounts = field(init=False)
    policy: Policy = field(default_factory=Policy)
    known: dict[str, tuple[float, Stock]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shared_counts = SharedCounts(self.name)

    def begin(self, now: float) -> None:
        """Note the answers that begin now: the status line of each is a draw."""
        for answer in self.live:
            if answer.begin == now:
                self.shared_counts.begin(answer.ticket)
                self._tell(now)

    def end(self, answer: Stream, now: float) -> None:
        self.live.remove(answer)
        self.shared_counts.end(answer.ticket)
        self._tell(now)

    def _tell(self, now: float, answer: str = "", method: str = "") -> None:
        told = self.shared_counts.report(answer, method)
        self.shared_counts.received(told, self.shared.tell(told, now))

    def calls(self, method: str, now: float) -> tuple[list[tuple[Stream, Want]], float]:
        """The calls of a method that may be made now, and the seconds until the next look."""
        begun = {answer.ticket: answer for answer in self.live if answer.begin <= now}
        found = {ticket: answer.want(now) for ticket, answer in begun.items()}
        wants = {ticket: want for ticket, want in found.items() if want is not None and want.method == method}
        granted: list[tuple[Stream, Want]] = []
        again = math.inf
        while wants:
            ticket, reserve, rest = self._chosen(method, wants, now)
            if ticket is None:
                return granted, min(again, rest)
            want = wants.pop(ticket)
            wait, shared = self.shared.draw(want, reserve, self.name, now)
            self.known[method] = now, self.shared.stock(method, now)
            self._tell(now, ticket, method)
            if wait <= 0.0:
                self.shared_counts.called(ticket, method)
                begun[ticket].in_flight = True
                granted.append((begun[ticket], want))
                continue
            again = min(again, max(wait, 0.01))
            if shared > 0.0:
                return granted, min(again, max(shared, 0.01))
        # What is not wanted yet will be, with the next word.
        return granted, min(again, 0.1) if len(wants) < len(begun) else again

    def _chosen(self, method: str, wants: dict[str, Want], now: float) -> tuple[str | None, float, float]:
        if method not in (POST, UPDATE):
            return min(wants, key=lambda ticket: (wants[ticket].kind, wants[ticket].since)), 0.0, 0.0
        self.shared_counts.grows(self.policy.mean_speed(wants.values(), now))
        counts, stock = self.shared_counts.counts, self._stock(now)
        ticket, rest = self.policy.choose(
            wants,
            now,
            level=stock.level,
            quota=stock.quota,
            growing=counts.editing,
            unfinished=counts.standing,
            mean=counts.speed / counts.editing,
        )
        if ticket is None or method == POST:
            return ticket, 0.0, rest
        return ticket, self.policy.reserve(wants[ticket].kind, counts.standing, stock.quota), rest

    def _stock(self, now: float) -> Stock:
        """What is left for edits, as far as is known."""
        if UPDATE not in self.known:
            quota = keys(UPDATE, "")[0].quota.scaled(self.told)
            return Stock(float(quota.burst), quota)
        at, stock = self.known[UPDATE]
        return Stock(min(stock.level + (now - at) * stock.quota.rate, stock.quota.burst), stock.quota)


class Run:
    """n answers, from their first words until all are whole."""

    def __init__(
        self,
        answers: Sequence[Stream],
        *,
        replicas: int,
        told: float,
        real: float,
        by_chance: Mapping[int, float] = NO_CHANCE,
        methods: Sequence[str] = (POST, UPDATE),
    ) -> None:
        self._methods = methods
        self.refused: list[tuple[str, str, float]] = []
        self._judge, self._shared = Judge(real, by_chance), Shared(told)
        self._replicas = [Replica(str(number), self._shared, told) for number in range(replicas)]
        self._events: list[tuple[float, int, Replica, Stream | None, Want | None, float]] = []
        self._count = 0
        for answer in answers:
            replica = self._replicas[answer.replica]
            replica.live.append(answer)
            self._at(answer.begin, replica)
            self._at(answer.end, replica)

    def go(self) -> None:
        while self._events:
            now, _, replica, answer, want, granted = heapq.heappop(self._events)
            if answer is not None and want is not None:
                self._answered(replica, answer, want, granted, now)
            replica.begin(now)
            if now >= replica.wake:
                replica.wake = math.inf
            self._spend(replica, now)

    def _at(
        self,
        time: float,
        replica: Replica,
        answer: Stream | None = None,
        want: Want | None = None,
        granted: float = 0.0,
    ) -> None:
        self._count += 1
        heapq.heappush(self._events, (time, self._count, replica, answer, want, granted))

    def _answered(self, replica: Replica, answer: Stream, want: Want, granted: float, now: float) -> None:
        answer.in_flight = False
        # The calls reach the judge in the order in which they are answered: each takes as long as any other.
        wait, limit = self._judge.wait(want.method, want.channel, now - CALL / 2)
        if wait > 0.0:
            self.refused.append((want.method, limit, now))
            self._shared.budget.limited(keys(want.method, want.channel), math.ceil(wait), now)
        elif answer.written(granted, now):
            replica.end(answer, now)

    def _spend(self, replica: Replica, now: float) -> None:
        again = math.inf
        for method in self._methods:
            granted, rest = replica.calls(method, now)
            again = min(again, rest)
            for answer, want in granted:
                self._at(now + CALL, replica, answer, want, now)
        if now + again < replica.wake:
            replica.wake = now + again
            self._at(now + again, replica)
