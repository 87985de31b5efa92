"""Defines the answers of the simulation: when their words come, and what has become of them."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.pacing.permits import Kind, Want

UPDATE, POST = "chat.update", "chat.postMessage"


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
        method = UPDATE if self.writes else POST
        return Want(method, self.channel, kind, since, unseen, self.last_write, answer=self.ticket)

    def written(self, granted: float, now: float) -> bool:
        """A write that was granted then can be seen now; returns whether the answer is whole."""
        upto = bisect_right(self.words, granted)
        self.lags.extend(now - word for word in self.words[self.seen : upto])
        self.seen, self.last_write, self.writes = upto, now, self.writes + 1
        self.done_at = now if upto == len(self.words) else None
        return self.done_at is not None


def streams(n: int, replicas: int, seed: int) -> list[Stream]:
    """n answers, the same ones for any number of replicas."""
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
