"""Knows how many calls Slack will still take: buckets filled by time, emptied by calls, and humbled by refusals.

The generic cell rate algorithm: of each bucket only the time is kept at which it will be full again (`full_at`). With
`now` before it, the bucket lacks (full_at - now) * rate tokens; a call moves it by 1 / rate. Nothing is counted up, so
nothing drifts.

The clock may be set back, and a server that takes over from another one may have a clock behind it. Each bucket
remembers when it was last looked at: what is kept moves back with the clock, as if no time had gone by meanwhile.

A refusal (429) says that Slack's limit is below the one we were told. The calls of the last minute are remembered for
that moment: as many as were taken is what Slack allows. That number is respected for `HOLD` seconds, in the bucket's
size and rate and as a count of any minute, and then raised by a quarter each minute until the told limit is reached or
Slack refuses again. What one channel has taught holds for all channels. So each limit is refused once a minute at most,
but for calls that were under way at that moment; and in the long run once in about five minutes.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.slack.tiers import Key, Quota

WINDOW: Final = 61.0
"""Slack's minute and a second for calls that are slower on their way than later ones."""

HOLD: Final = 300.0
"""So long a limit that a refusal has taught is kept before it is tried to be raised, in seconds."""

STEP: Final = 60.0
"""Seconds between two raises: a raised limit shows after a minute whether it holds."""

RAISE: Final = 1.25
"""A raise multiplies the limit by this, and adds one call at least."""

LOWEST: Final = 1 / 12
"""The share of the told limit below which a refusal does not take us at once; what is lower yet is found call by call.
After a restart with an empty memory we have made no calls that we know of, and Slack refuses for those that we have
forgotten; and a refusal in a calm minute says little of the limit."""

SHORT: Final = 5.0
"""A Retry-After up to this, in seconds, is of a limit by the second, as the one of posts to a channel is."""

APART: Final = 1.0
"""Urgent calls under a lesson come so far apart, in seconds, that Slack's word on one is known before the next."""

_MANY: Final = 1024
"""Buckets that are kept before idle ones are thrown away; each channel has one."""

_EPSILON: Final = 1e-9


@dataclass(slots=True)
class _Lesson:
    """What a refusal has taught of one bucket, or of all that learn together."""

    most: int | None = None
    """The calls a minute; None: as we were told."""
    raise_at: float = math.inf

    def at(self, now: float, told: Quota) -> int | None:
        """What holds at `now`: raised step by step when it has been held for long enough."""
        self.raise_at = min(self.raise_at, now + HOLD) if self.most is not None else math.inf
        while self.most is not None and now >= self.raise_at:
            self.most = max(self.most + 1, int(self.most * RAISE))
            self.raise_at += STEP
            if self.most >= told.per_minute:
                self.most, self.raise_at = None, math.inf
        return self.most


@dataclass(slots=True)
class _Bucket:
    quota: Quota
    lesson: _Lesson
    apart: float
    full_at: float = -math.inf
    blocked_until: float = -math.inf
    seen_at: float = -math.inf
    taken: deque[float] = field(default_factory=deque)

    def at(self, now: float) -> Quota:
        """Bring the bucket to `now`; returns the quota that holds."""
        back = self.seen_at - now
        if back > 0.0:
            self.full_at, self.blocked_until = self.full_at - back, self.blocked_until - back
            self.taken = deque(time - back for time in self.taken)
        self.seen_at = now
        while self.taken and self.taken[0] <= now - WINDOW:
            self.taken.popleft()
        most = self.lesson.at(now, self.quota)
        return self.quota if most is None else self.quota.scaled(most / self.quota.per_minute)

    def level(self, now: float) -> float:
        quota, most = self.at(now), self.lesson.most
        if now < self.blocked_until:
            return 0.0
        level = quota.burst - max(0.0, self.full_at - now) * quota.rate
        return max(0.0, level if most is None else min(level, most - len(self.taken)))

    def wait(self, now: float, reserve: float, *, urgent: bool) -> float:
        """Seconds until a token can be taken and `reserve` remain; a reserve of more than fits is what fits."""
        quota, most = self.at(now), self.lesson.most
        need, last = min(1.0 + reserve, float(quota.burst)), self.taken[-1] if self.taken else -math.inf
        ready = max(self.blocked_until, last + self.apart)
        if most is None or not urgent:
            ready = max(ready, self.full_at - (quota.burst - need) / quota.rate)
        if most is not None:
            if urgent:
                ready = max(ready, last + min(APART, 60.0 / most))
            elif quota.burst == 1:  # the calls before the lesson were made at another rate
                ready = max(ready, last + 1.0 / quota.rate)
            too_many = math.ceil(len(self.taken) + min(1.0 + reserve if urgent else need, most) - most)
            if too_many > 0:
                ready = max(ready, self.taken[too_many - 1] + WINDOW)
        return ready - now if ready - now > _EPSILON else 0.0

    def take(self, now: float) -> None:
        self.full_at = max(self.full_at, now) + 1.0 / self.at(now).rate
        self.taken.append(now)

    def give_back(self, now: float) -> None:
        """The call that was taken last has been refused: Slack does not count it."""
        self.at(now)
        if self.taken:
            self.taken.pop()

    def strictest(self, until: float, now: float) -> float:
        """The calls a minute of the strictest limit by seconds that would refuse until then, after the calls before;
        0.0: there were none."""
        recent = [time for time in reversed(self.taken) if time > now - 2.0 * SHORT]
        return min((60.0 * number / (until - time) for number, time in enumerate(recent, 1)), default=0.0)

    def learn(self, by_seconds: float, now: float, *, known: bool) -> None:
        """Learn from a refusal, of a limit by seconds that allows so many calls a minute or (0.0) of one by the minute.

        `known`: it came in the silence of an earlier one, so it was under way; what was refused with it is the same.
        """
        most = self.lesson.at(now, self.quota)
        allowed = max(len(self.taken), by_seconds or self.quota.per_minute * LOWEST)
        highest = self.quota.per_minute * 0.9
        if most is not None:
            highest = most if known else most - 1
        self.lesson.most = max(1, int(min(allowed, highest)))
        self.lesson.raise_at = now + HOLD

    def silence(self, until: float, now: float) -> None:
        """Nothing before `until`. One call is free then; what has gathered meanwhile comes at the bucket's rate."""
        quota = self.at(now)
        self.blocked_until = max(self.blocked_until, until)
        self.full_at = max(self.full_at, until + (quota.burst - 1) / quota.rate)

    def idle(self, now: float) -> bool:
        self.at(now)
        return not self.taken and max(self.full_at, self.blocked_until) <= now


class Budget:
    """The write budget of one workspace. `scale` multiplies all limits, for workspaces that have others.

    Times are seconds of one clock, of any start.
    """

    def __init__(self, *, scale: float = 1.0) -> None:
        self._scale = scale
        self._buckets: dict[str, _Bucket] = {}
        self._lessons: dict[str, _Lesson] = {}

    def take(self, keys: Sequence[Key], now: float, *, reserve: float = 0.0, urgent: bool = False) -> float:
        """Take one token from each bucket: 0.0; or nothing from any, and the seconds until it could be.

        `reserve` tokens must remain in the first key's bucket. If that is more than it can hold, a full one will do.
        Under a lower limit that a refusal has taught, an `urgent` call, one that ends an answer, is not made to come
        evenly: as many as were learned may come in any minute, `APART` from each other.
        """
        buckets = [self._bucket(key, now) for key in keys]
        waits = [
            bucket.wait(now, 0.0 if rank else reserve, urgent=urgent and not rank)
            for rank, bucket in enumerate(buckets)
        ]
        wait = max(waits, default=0.0)
        if wait <= 0.0:
            for bucket in buckets:
                bucket.take(now)
        return wait

    def wait(self, key: Key, now: float, *, reserve: float = 0.0, urgent: bool = False) -> float:
        """The seconds until a token could be taken from one bucket, whatever of others."""
        return self._bucket(key, now).wait(now, reserve, urgent=urgent)

    def level(self, key: Key, now: float) -> float:
        """The tokens that are in a bucket; 0.0 while Slack has asked for silence."""
        return self._bucket(key, now).level(now)

    def quota(self, key: Key, now: float) -> Quota:
        """The bucket as it is at present: scaled, and lowered where a refusal has taught so."""
        return self._bucket(key, now).at(now)

    def limited(self, keys: Sequence[Key], retry_after: float, now: float) -> None:
        """Slack has refused (429) a call that had been taken from `keys`: nothing before `retry_after` seconds.

        Slack does not say which of several limits was met. That of a channel counts seconds: a wait of up to `SHORT`
        is taken for the last key's if that has let another call through just before. Any other wait is of the method.
        A refusal in the silence that an earlier one has asked for was under way already: it tells only that Slack does
        not count it either.
        """
        buckets = [self._bucket(key, now) for key in keys]
        for bucket in buckets:
            bucket.give_back(now)
        known = now < buckets[0].blocked_until
        by_seconds = buckets[-1].strictest(now + retry_after, now) if len(buckets) > 1 and retry_after <= SHORT else 0.0
        met = buckets[-1] if by_seconds else buckets[0]
        met.learn(by_seconds, now, known=known)
        for bucket in buckets:
            bucket.silence(now + retry_after, now)

    def _bucket(self, key: Key, now: float) -> _Bucket:
        bucket = self._buckets.get(key.name)
        if bucket is None:
            if len(self._buckets) >= _MANY:
                self._buckets = {name: old for name, old in self._buckets.items() if not old.idle(now)}
            lesson = self._lessons.setdefault(key.lesson, _Lesson())
            bucket = self._buckets[key.name] = _Bucket(key.quota.scaled(self._scale), lesson, key.apart)
        return bucket
