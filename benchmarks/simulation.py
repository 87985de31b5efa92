"""Knows how well the policy spends the write budget: n answers at once, in invented time, beside the best possible.

    .venv/bin/python -m benchmarks.simulation

The policy and the budget are the bot's own; Slack is a judge with sliding windows of its own (60 s a method, 5 s a
channel for posts, as the documentation has them). A call takes 120 ms, half of it on the way there. Words come at 10
to 40 a second, their number is log-normal around 250, all answers begin within 2 s; half are asked in direct messages,
the others in n / 4 channels. Lag is from a word's arrival to its being seen; ending is from the last word to the whole.

The bound is what the best schedule with the same buckets could reach if it knew all answers beforehand and let none
end late. An answer of w words in T seconds that is written k times has a mean lag of T / (2 k) at best, by even spacing
with the last write at its end. The first write is a post; edits are shared out where the next one saves most, which is
area / k - area / (k + 1) with area = w T / 2, so that by the end of any answer no more have gone than burst + rate * t.
Where posts are scarcer than edits, the bound is the posts' instead: one post for each answer, no sooner than the
buckets give them (of a channel, of the workspace), the longest answers first. To either, one call is added. An ending
is unavoidably late where posting every answer whole and nothing else, first come first served, would be late.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
import statistics
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.reply.budget import Budget
from bot.reply.policy import Kind, Policy, Want
from bot.slack.tiers import POSTS_TO_A_CHANNEL, QUOTAS, Quota, keys

CALL = 0.12
UPDATE, POST = "chat.update", "chat.postMessage"
LIMITS = {UPDATE: 50, POST: 300}


@dataclass(slots=True, eq=False)
class Stream:
    """One answer: when its words come, and what has become of it."""

    ticket: str
    channel: str
    replica: int
    words: Sequence[float]
    seen: int = 0
    writes: int = 0
    last_write: float = 0.0
    in_flight: bool = False
    done_at: float | None = None
    lags: list[float] = field(default_factory=list)

    @property
    def begin(self) -> float:
        return self.words[0]

    @property
    def end(self) -> float:
        return self.words[-1]

    def want(self, now: float) -> Want | None:
        if self.in_flight or now < self.begin:
            return None
        ended, unseen = now >= self.end, bisect_right(self.words, now) - self.seen
        if not unseen and not ended:
            return None
        kind = Kind.ENDING if ended else Kind.PROGRESS if self.writes else Kind.FIRST
        since = self.end if ended else self.words[self.seen]
        return Want(UPDATE if self.writes else POST, self.channel, kind, since, unseen, self.last_write)


def streams(n: int, replicas: int, seed: int) -> list[Stream]:
    chance = random.Random(f"{n} {seed}")  # noqa: S311 (streams, not secrets)
    found = []
    for number in range(n):
        at, rate = chance.uniform(0.0, 2.0), chance.uniform(10.0, 40.0)
        words = []
        for _ in range(max(20, min(1500, int(chance.lognormvariate(math.log(250), 0.6))))):
            words.append(at)
            at += chance.uniform(0.5, 1.5) / rate
        channel = f"D{number}" if number % 2 else f"C{chance.randrange(max(1, n // 4))}"
        found.append(Stream(str(number), channel, number % replicas, words))
    return found


class Judge:
    """Slack's limits by sliding windows."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._calls: dict[str, deque[float]] = {}

    def wait(self, method: str, channel: str, now: float) -> float:
        """Count the call and return 0.0, or the seconds to stay away."""
        windows = [(method, LIMITS[method], 60.0)]
        if method == POST:
            windows.append((f"{method} {channel}", 5, 5.0))
        wait = 0.0
        for name, most, span in windows:
            calls = self._calls.setdefault(name, deque())
            while calls and calls[0] <= now - span:
                calls.popleft()
            if len(calls) >= max(1, int(most * self._scale)):
                wait = max(wait, calls[0] + span - now)
        if wait <= 0.0:
            for name, _, _ in windows:
                self._calls[name].append(now)
        return wait


class Run:
    """n answers, from their first words until all are whole."""

    def __init__(self, answers: list[Stream], *, replicas: int, told: float, real: float) -> None:
        self.refused: list[tuple[str, float]] = []
        self._budget, self._judge, self._policy = Budget(scale=told), Judge(real), Policy()
        self._events: list[tuple[float, int, int, Stream | None, Want | None, float]] = []
        self._count = 0
        self._live = [[answer for answer in answers if answer.replica == replica] for replica in range(replicas)]
        self._told: list[tuple[int, int]] = [(0, 0)] * replicas
        self._wake = [math.inf] * replicas
        for answer in answers:
            self._at(answer.begin, answer.replica)
            self._at(answer.end, answer.replica)

    def go(self) -> None:
        while self._events:
            now, _, replica, answer, want, granted = heapq.heappop(self._events)
            if answer is not None and want is not None:
                self._answered(answer, want, granted, now)
            if now >= self._wake[replica]:
                self._wake[replica] = math.inf
            self._spend(replica, now)

    def _at(
        self, time: float, replica: int, answer: Stream | None = None, want: Want | None = None, granted: float = 0.0
    ) -> None:
        self._count += 1
        heapq.heappush(self._events, (time, self._count, replica, answer, want, granted))

    def _answered(self, answer: Stream, want: Want, granted: float, now: float) -> None:
        answer.in_flight = False
        # The calls reach the judge in the order in which they are answered: each takes as long as any other.
        wait = self._judge.wait(want.method, want.channel, now - CALL / 2)
        if wait > 0.0:
            self.refused.append((want.method, now))
            self._budget.limited(keys(want.method, want.channel), math.ceil(wait), now)
            return
        upto = bisect_right(answer.words, granted)
        answer.lags.extend(now - word for word in answer.words[answer.seen : upto])
        answer.seen, answer.last_write, answer.writes = upto, granted, answer.writes + 1
        if upto == len(answer.words):
            answer.done_at = now
            self._live[answer.replica].remove(answer)

    def _spend(self, replica: int, now: float) -> None:
        begun = [answer for answer in self._live[replica] if answer.begin <= now]
        self._told[replica] = (len(begun), sum(1 for answer in begun if answer.writes))
        again = min(self._spend_on(method, replica, begun, now) for method in (POST, UPDATE))
        if now + again < self._wake[replica]:
            self._wake[replica] = now + again
            self._at(now + again, replica)

    def _spend_on(self, method: str, replica: int, begun: list[Stream], now: float) -> float:
        """Make all calls of a method that may be made now; returns the seconds until the next look."""
        found = {answer.ticket: (answer, answer.want(now)) for answer in begun}
        wants = {ticket: want for ticket, (_, want) in found.items() if want is not None and want.method == method}
        own, edits, again = keys(method, "")[0], keys(UPDATE, "")[0], math.inf
        growing, unfinished = (sum(counts) for counts in zip(*self._told, strict=True))
        while wants:
            ticket, wait = self._policy.choose(
                wants,
                now,
                level=self._budget.level(edits, now),
                quota=self._budget.quota(edits, now),
                growing=growing,
                unfinished=unfinished,
            )
            if ticket is None:
                return min(again, wait)
            want = wants.pop(ticket)
            reserve = self._policy.reserve(want.kind, unfinished, self._budget.quota(own, now))
            wait = self._budget.take(keys(method, want.channel), now, reserve=reserve)
            if wait <= 0.0:
                found[ticket][0].in_flight = True
                self._at(now + CALL, replica, found[ticket][0], want, now)
                continue
            again = min(again, max(wait, 0.01))
            if self._budget.level(own, now) < 1.0 + reserve:
                return again
        # What is not wanted yet will be, with the next word.
        return min(again, 0.1) if len(wants) < len(begun) else again


def bound(answers: Sequence[Stream], told: float) -> float:
    """The least mean lag of a word in seconds; see above."""
    edits, first = QUOTAS[UPDATE].scaled(told), min(answer.begin for answer in answers)
    by_end = sorted(answers, key=lambda answer: answer.end)
    area = [len(answer.words) * (answer.end - answer.begin) / 2 for answer in by_end]
    room = [int(edits.burst + edits.rate * (answer.end - first)) for answer in by_end]
    writes = [1] * len(by_end)
    gains = [(-whole / 2, rank) for rank, whole in enumerate(area)]
    heapq.heapify(gains)
    while gains:
        _, rank = heapq.heappop(gains)
        if min(room[rank:]) < 1:
            continue
        room[rank:] = [left - 1 for left in room[rank:]]
        writes[rank] += 1
        heapq.heappush(gains, (area[rank] / (writes[rank] + 1) - area[rank] / writes[rank], rank))
    words = sum(len(answer.words) for answer in answers)
    by_edits = sum(whole / times for whole, times in zip(area, writes, strict=True)) / words
    by_channel: dict[str, list[Stream]] = {}
    for answer in answers:
        by_channel.setdefault(answer.channel, []).append(answer)
    seen = max(
        _posted(answers, QUOTAS[POST].scaled(told)),
        sum(_posted(some, POSTS_TO_A_CHANNEL.scaled(told)) for some in by_channel.values()),
    )
    by_posts = (seen - sum(sum(answer.words) for answer in answers)) / words
    return max(by_edits, by_posts) + CALL


def _posted(answers: Sequence[Stream], posts: Quota) -> float:
    """The sum of the times at which words are seen, if each answer is seen as soon as there is a post for it."""
    lengths, first = sorted((len(a.words) for a in answers), reverse=True), min(a.begin for a in answers)
    return sum(length * (first + max(0.0, rank + 1 - posts.burst) / posts.rate) for rank, length in enumerate(lengths))


def unavoidable(answers: Sequence[Stream], told: float) -> dict[str, float]:
    """How late each answer is whole if all are posted at their end and nothing else is called."""
    budget, late = Budget(scale=told), {}
    for answer in sorted(answers, key=lambda answer: answer.end):
        now = answer.end
        while (wait := budget.take(keys(POST, answer.channel), now)) > 0.0:
            now += wait
        late[answer.ticket] = now + CALL - answer.end
    return late


@dataclass(frozen=True, slots=True)
class Row:
    """What one run or the mean of several has given. Times in seconds; `crowded`: refusals of a method in a minute."""

    refused: float
    crowded: float
    mean: float
    p95: float
    ending: float
    worst: float
    excess: float
    bound: float
    writes: float

    @property
    def ratio(self) -> float:
        return self.mean / self.bound


def measured(answers: list[Stream], *, replicas: int, told: float, real: float) -> Row:
    run = Run(answers, replicas=replicas, told=told, real=real)
    run.go()
    lost = [answer.ticket for answer in answers if answer.done_at is None]
    if lost:
        raise RuntimeError(f"answers that never became whole: {lost}")
    lags = sorted(lag for answer in answers for lag in answer.lags)
    late = {answer.ticket: (answer.done_at or 0.0) - answer.end for answer in answers}
    least = unavoidable(answers, min(told, real))
    crowds = [sum(1 for m, at in run.refused if m == method and 0 <= at - now < 60) for method, now in run.refused]
    return Row(
        refused=len(run.refused),
        crowded=max(crowds, default=0),
        mean=statistics.fmean(lags),
        p95=lags[int(0.95 * len(lags))],
        ending=statistics.fmean(late.values()),
        worst=max(late.values()),
        excess=max(late[ticket] - least[ticket] for ticket in late),
        bound=bound(answers, min(told, real)),
        writes=sum(answer.writes for answer in answers) / len(answers),
    )


def averaged(rows: Sequence[Row]) -> Row:
    """The mean of runs; of `crowded`, `worst` and `excess` the worst."""
    worst = {"crowded", "worst", "excess"}
    names = Row.__dataclass_fields__
    values = {name: [float(getattr(row, name)) for row in rows] for name in names}
    return Row(**{name: max(some) if name in worst else statistics.fmean(some) for name, some in values.items()})


def one_answer() -> str:
    """A single answer of 8 s: its lag beside that of as many calls in even steps."""
    answer = Stream("0", "C0", 0, [number / 40 for number in range(8 * 40 + 1)])
    row = measured([answer], replicas=1, told=1.0, real=1.0)
    even = 8.0 / (2 * row.writes)
    return (
        f"one answer of 8 s: {row.writes:.0f} calls, mean lag {row.mean:.3f} s, p95 {row.p95:.3f} s; "
        f"1.1 * T / (2 * calls) + one call = {1.1 * even + CALL:.3f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3, help="runs of each row (default 3)")
    parser.add_argument("--most", type=int, default=200, help="the largest number of answers at once (default 200)")
    asked = parser.parse_args()
    print(one_answer())
    heads = "limits       replicas    n  429s  /min   mean    p95 ending  worst excess  bound ratio writes"
    for name, told, real in (
        ("documented", 1.0, 1.0),
        ("a tenth", 0.1, 0.1),
        ("hidden half", 1.0, 0.5),
        ("hidden 1/10", 1.0, 0.1),
    ):
        print(f"\n{heads}")
        for replicas in (1, 3):
            for n in (n for n in (1, 3, 10, 40, 200) if n <= asked.most):
                runs = [streams(n, replicas, seed) for seed in range(asked.seeds)]
                row = averaged([measured(run, replicas=replicas, told=told, real=real) for run in runs])
                print(
                    f"{name:<12} {replicas:>8} {n:>4} {row.refused:>5.1f} {row.crowded:>5.0f} {row.mean:>6.2f} "
                    f"{row.p95:>6.2f} {row.ending:>6.2f} {row.worst:>6.2f} {row.excess:>6.2f} {row.bound:>6.2f} "
                    f"{row.ratio:>5.2f} {row.writes:>6.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
