"""Computes how many calls Slack will still accept: buckets that time fills, calls empty, and refusals make smaller.

This is the generic cell rate algorithm: of each bucket, only the time at which it will be full again is stored
(`full_at`). If that is after `now`, the bucket lacks (full_at - now) * rate tokens; a call moves it by 1 / rate.
Nothing is counted up, so nothing drifts.

The clock may be set back, and the clock of a server that takes over from another may be behind. Each bucket remembers
when it was last used: what is stored moves back with the clock, as if no time had passed meanwhile.

A refusal (429) means that Slack's limit is below the documented one. The calls of the last minute are remembered for
that case: as many as were accepted is what Slack allows. That number is kept for `HOLD` seconds, in the bucket's size
and rate and as a limit for any minute, and then raised by a quarter each minute until the documented limit is reached
or Slack refuses again. What is learned in one channel applies to all channels. So each limit is met once a minute at
most, not counting calls under way at that moment, and in the long run once in about five minutes.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.slack.tiers import Key, Quota

WINDOW: Final = 61.0
"""Slack's minute in seconds, and one more for calls that later ones overtake on their way."""

HOLD: Final = 300.0
"""Seconds for which a limit learned from a refusal is kept before it is raised."""

STEP: Final = 60.0
"""Seconds between two raises: after a minute it is known whether Slack accepts the raised limit."""

RAISE: Final = 1.25
"""A raise multiplies the limit by this factor, and adds at least one call."""

LOWEST: Final = 1 / 12
"""The share of the documented limit below which one refusal does not lower ours; lower limits are found call by call.
After a restart without stored data no calls are known, and Slack may refuse because of forgotten ones; and a refusal in
a quiet minute says little about the limit."""

SHORT: Final = 5.0
"""A Retry-After of up to so many seconds belongs to a limit per second, such as that for posts to a channel."""

APART: Final = 1.0
"""Seconds between urgent calls under a learned limit, so that Slack's response to one is known before the next."""

_MANY: Final = 1024
"""The number of buckets above which idle ones are dropped; each channel has one."""

_EPSILON: Final = 1e-9


@dataclass(slots=True)
class _Lesson:
    """The limit that refusals have taught for one bucket, or for several that share it."""

    most: int | None = None
    """Calls a minute; None: the documented limit applies."""
    raise_at: float = math.inf

    def at(self, now: float, told: Quota) -> int | None:
        """The limit at `now`: raised step by step once it has been kept for long enough."""
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
        """Bring the bucket up to `now`; returns the quota that applies."""
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
        """Seconds until a token can be taken and `reserve` remain; no more than fits in the bucket is reserved."""
        quota, most = self.at(now), self.lesson.most
        need, last = min(1.0 + reserve, float(quota.burst)), self.taken[-1] if self.taken else -math.inf
        ready = max(self.blocked_until, last + self.apart)
        if most is None or not urgent:
            ready = max(ready, self.full_at - (quota.burst - need) / quota.rate)
        if most is not None:
            if urgent:
                ready = max(ready, last + min(APART, 60.0 / most))
            elif quota.burst == 1:  # earlier calls were made at another rate
                ready = max(ready, last + 1.0 / quota.rate)
            too_many = math.ceil(len(self.taken) + min(1.0 + reserve if urgent else need, most) - most)
            if too_many > 0:
                ready = max(ready, self.taken[too_many - 1] + WINDOW)
        return ready - now if ready - now > _EPSILON else 0.0

    def take(self, now: float) -> None:
        self.full_at = max(self.full_at, now) + 1.0 / self.at(now).rate
        self.taken.append(now)

    def give_back(self, now: float) -> None:
        """Undo the last call, which Slack refused and does not count."""
        self.at(now)
        if self.taken:
            self.taken.pop()

    def strictest(self, until: float, now: float) -> float:
        """The calls a minute of the strictest limit by seconds that would refuse until then, after the calls before;
        0.0: there were none."""
        recent = [time for time in reversed(self.taken) if time > now - 2.0 * SHORT]
        return min((60.0 * number / (until - time) for number, time in enumerate(recent, 1)), default=0.0)

    def learn(self, by_seconds: float, now: float, *, known: bool) -> None:
        """Learn from a refusal by a limit per second that allows so many calls a minute, or (0.0) by one per minute.

        `known`: the call was under way when an earlier one was refused, and met the same limit.
        """
        most = self.lesson.at(now, self.quota)
        allowed = max(len(self.taken), by_seconds or self.quota.per_minute * LOWEST)
        highest = self.quota.per_minute * 0.9
        if most is not None:
            highest = most if known else most - 1
        self.lesson.most = max(1, int(min(allowed, highest)))
        self.lesson.raise_at = now + HOLD

    def silence(self, until: float, now: float) -> None:
        """Allow nothing before `until`, one call then, and further ones at the bucket's rate."""
        quota = self.at(now)
        self.blocked_until = max(self.blocked_until, until)
        self.full_at = max(self.full_at, until + (quota.burst - 1) / quota.rate)

    def idle(self, now: float) -> bool:
        self.at(now)
        return not self.taken and max(self.full_at, self.blocked_until) <= now


class Budget:
    """The write budget of one workspace. `scale` multiplies all limits, for workspaces whose limits differ.

    Times are seconds of one clock, with any origin.
    """

    def __init__(self, *, scale: float = 1.0) -> None:
        self._scale = scale
        self._buckets: dict[str, _Bucket] = {}
        self._lessons: dict[str, _Lesson] = {}

    def take(self, keys: Sequence[Key], now: float, *, reserve: float = 0.0, urgent: bool = False) -> float:
        """Take one token from each bucket: 0.0; or nothing from any, and the seconds until it could be.

        `reserve` tokens must remain in the first key's bucket; if that is more than it can hold, it must be full. Under
        a limit learned from a refusal, `urgent` calls, which end answers, need not be spread evenly: as many as were
        learned may come in any minute, `APART` from each other.
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
        """The seconds until a token could be taken from one bucket, regardless of others."""
        return self._bucket(key, now).wait(now, reserve, urgent=urgent)

    def level(self, key: Key, now: float) -> float:
        """The tokens in a bucket; 0.0 during the wait that Slack asked for."""
        return self._bucket(key, now).level(now)

    def quota(self, key: Key, now: float) -> Quota:
        """The bucket's size and rate at present: scaled, and lowered by what refusals have taught."""
        return self._bucket(key, now).at(now)

    def limited(self, keys: Sequence[Key], retry_after: float, now: float) -> None:
        """Note that Slack refused (429) a call taken from `keys`: nothing is allowed for `retry_after` seconds.

        Slack does not say which of several limits was met. A channel's limit is per second: a wait of up to `SHORT`
        is attributed to the last key if that has let another call through just before, and any other wait to the
        method. A call refused during the wait for an earlier one was under way already: it only shows that Slack does
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
