"""Computes how many calls Slack will still accept: buckets that time fills, calls empty, and refusals make smaller.

This is the generic cell rate algorithm: of each bucket, only the time at which it will be full again is stored
(`full_at`). If that is after `now`, the bucket lacks (full_at - now) * rate tokens; a call moves it by 1 / rate.
Nothing is counted up, so nothing drifts.

The clock may be set back, and the clock of a server that takes over from another may be behind. Each bucket remembers
when it was last used: what is stored moves back with the clock, as if no time had passed meanwhile.

A refusal (429) may mean that Slack's limit is below the documented one, or nothing that concerns us: it may come from
a limit of another kind, or by chance. So it is judged by all that is known, and believed in two steps:

- Slack's wait (Retry-After) is always kept. Slack allows the next call at its end: an ending that is due is made then,
  whatever has been learned, and further ones come `APART` from each other.
- The first refusal is a suspicion. For `DOUBT` seconds there are only as many calls as the evidence allows, then it is
  forgotten. Endings are exempt, unless a limit per minute explains a long wait, or is not far below the documented one.
- A second refusal within `HOLD`, after calls that Slack has let through, is proof. The limit applies to endings too. It
  is kept for `HOLD` seconds, and then raised by a quarter each minute until the documented limit is reached or Slack
  refuses again.

The limit is a number of calls a minute. If Slack's wait ends when the oldest call of the last minute is a minute old, a
limit per minute explains the refusal: as many as were accepted are what Slack allows in any minute. Otherwise calls
come at a pace: at least as many a minute as were accepted in the last one, and after a short wait as many as the last
calls and that wait allow. What is learned in one channel applies to all channels. So each limit is met once a minute at
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

DOUBT: Final = 60.0
"""Seconds for which a single refusal lowers a limit; longer where Slack asks for a longer wait."""

HOLD: Final = 300.0
"""Seconds for which a proven limit is kept before it is raised, and a refusal remembered that may become proof."""

STEP: Final = 60.0
"""Seconds between two raises: after a minute it is known whether Slack accepts the raised limit."""

RAISE: Final = 1.25
"""A raise multiplies the limit by this factor, and adds at least one call."""

LEEWAY: Final = 2.0
"""Slack's wait and the minute of our calls may end so many seconds apart: the wait is in whole seconds, and calls take
time."""

LOWEST: Final = 1 / 12
"""The share of the documented limit below which a refusal that no call of ours explains does not lower ours. After a
restart without stored data no calls are known, and Slack may refuse because of forgotten ones."""

PLAUSIBLE: Final = 0.5
"""The share of the documented limit above which a limit per minute is believed, for endings too, whatever the wait."""

SHORT: Final = 5.0
"""A Retry-After of up to so many seconds belongs to a limit per second, such as that for posts to a channel."""

APART: Final = 1.0
"""Seconds between urgent calls after a refusal, so that Slack's response to one is known before the next."""

_MANY: Final = 1024
"""The number of buckets above which idle ones are dropped; each channel has one."""

_EPSILON: Final = 1e-9


@dataclass(slots=True)
class _Lesson:
    """The limit that refusals have taught for one bucket, or for several that share it."""

    most: int | None = None
    """Calls a minute; None: the documented limit applies."""
    raise_at: float = math.inf
    """When the limit is raised, or forgotten if it is not proven."""
    proven: bool = False
    counted: bool = False
    """Slack counts the calls of a minute: `most` applies to any minute, and not only to the pace."""
    bound: bool = False
    """What is counted applies to endings too."""
    refused_at: float = -math.inf
    """When Slack has last refused."""

    def at(self, now: float, documented: Quota) -> int | None:
        """The limit at `now`: raised step by step, or forgotten, once it has been kept for long enough."""
        self.refused_at = min(self.refused_at, now)
        self.raise_at = min(self.raise_at, now + HOLD) if self.most is not None else math.inf
        while self.most is not None and now >= self.raise_at:
            self.most = max(self.most + 1, int(self.most * RAISE))
            self.raise_at += STEP
            if not self.proven or self.most >= documented.per_minute:
                self.most, self.raise_at, self.proven = None, math.inf, False
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
        """Bring the bucket up to `now`; returns the quota by which it fills."""
        back = self.seen_at - now
        if back > 0.0:
            self.full_at, self.blocked_until = self.full_at - back, self.blocked_until - back
            self.taken = deque(time - back for time in self.taken)
        self.seen_at = now
        while self.taken and self.taken[0] <= now - WINDOW:
            self.taken.popleft()
        most = self.lesson.at(now, self.quota)
        if most is not None and self.lesson.counted:
            return self.quota.scaled(most / self.quota.per_minute)
        # Endings may have taken more than a smaller bucket had; this one lacks no more than it can hold.
        self.full_at = min(self.full_at, max(now, self.blocked_until) + self.quota.burst / self.quota.rate)
        return self.quota

    def allowed(self, now: float) -> Quota:
        """The quota by which calls may be made: by a learned pace, one by one."""
        quota, lesson = self.at(now), self.lesson
        if lesson.most is None or lesson.counted:
            return quota
        return Quota(lesson.most / 60.0, 1)

    def level(self, now: float) -> float:
        quota, most = self.at(now), self.lesson.most
        if now < self.blocked_until:
            return 0.0
        level = quota.burst - max(0.0, self.full_at - now) * quota.rate
        if most is None:
            return max(0.0, level)
        if self.lesson.counted:
            return max(0.0, min(level, most - len(self.taken)))
        return max(0.0, min(level, (now - self._last) * most / 60.0, 1.0))

    @property
    def _last(self) -> float:
        """When the last call was made."""
        return self.taken[-1] if self.taken else -math.inf

    def wait(self, now: float, reserve: float, *, urgent: bool) -> float:
        """Seconds until a token can be taken and `reserve` remain; no more than fits in the bucket is reserved."""
        quota, most = self.at(now), self.lesson.most
        ready = max(self.blocked_until, self._last + self.apart)
        if most is not None and urgent:
            ready = max(ready, self._ready_for_ending(most, reserve))
        else:
            need = min(1.0 + reserve, float(quota.burst))
            ready = max(ready, self.full_at - (quota.burst - need) / quota.rate)
            if most is not None and self.lesson.counted:
                ready = max(ready, self._ready_by_count(min(need, most), most))
            if most is not None and (quota.burst == 1 or not self.lesson.counted):  # calls of before came faster
                ready = max(ready, self._last + (1.0 / quota.rate if self.lesson.counted else 60.0 / most))
        return ready - now if ready - now > _EPSILON else 0.0

    def _ready_for_ending(self, most: int, reserve: float) -> float:
        """When an ending may be made after a refusal, behind `reserve` older ones of other replicas."""
        lesson = self.lesson
        longest = SHORT if lesson.proven and not lesson.counted else APART
        distance = min(60.0 / most, longest)
        if self._last + _EPSILON < self.blocked_until:  # no call was made since the moment that Slack has named
            return self.blocked_until + reserve * distance
        limit = most if lesson.counted and lesson.bound else max(1, int(self.quota.per_minute))
        return max(self._last + (1.0 + reserve) * distance, self._ready_by_count(1.0 + reserve, limit))

    def _ready_by_count(self, need: float, most: int) -> float:
        """When so many more calls may be made that no minute holds more than `most`."""
        too_many = math.ceil(len(self.taken) + min(need, most) - most)
        return self.taken[too_many - 1] + WINDOW if too_many > 0 else -math.inf

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

    def learn(self, retry_after: float, now: float, *, known: bool) -> None:
        """Learn from a refusal.

        `known`: the call was under way when an earlier one was refused, and met the same limit.
        """
        lesson, most = self.lesson, self.lesson.at(now, self.quota)
        until, last = now + retry_after, self._last
        again = lesson.proven or last > lesson.refused_at > now - HOLD
        by_minute = bool(self.taken) and abs(self.taken[0] + WINDOW - until) <= LEEWAY
        counted = by_minute or (again and retry_after > SHORT)
        least = 1.0 if by_minute else self.quota.per_minute * LOWEST
        if retry_after <= SHORT and not counted:
            least = max(least, self.strictest(until, now) or 60.0 / max(1.0, retry_after))
        allowed = int(max(len(self.taken), least))
        if known and most is not None:
            lesson.most = max(1, min(allowed, most))
            return
        if most is None or again:
            highest = int(self.quota.per_minute * 0.9) if most is None else most - 1
            lesson.most, lesson.counted = max(1, min(allowed, highest)), counted
            lesson.bound = again or retry_after > SHORT or lesson.most >= self.quota.per_minute * PLAUSIBLE
        lesson.proven, lesson.refused_at = again, now
        lesson.raise_at = now + (HOLD if again else max(DOUBT, retry_after))

    def silence(self, until: float, now: float) -> None:
        """Allow nothing before `until`, one call then, and further ones at the bucket's rate or the learned pace."""
        quota = self.at(now)
        self.blocked_until = max(self.blocked_until, until)
        if self.lesson.most is None or self.lesson.counted:
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

        `reserve` tokens must remain in the first key's bucket; if that is more than it can hold, it must be full. After
        a refusal, `urgent` calls, which end answers, need not be spread evenly: the first comes as soon as Slack has
        said, others `APART`; of a proven limit, as many as were learned in any minute.
        """
        buckets = [self._bucket(key, now) for key in keys]
        waits = [
            one.wait(now, 0.0 if rank else reserve, urgent=urgent and not rank) for rank, one in enumerate(buckets)
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
        return self._bucket(key, now).allowed(now)

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
        known, until = now < buckets[0].blocked_until, now + retry_after
        by_channel = len(buckets) > 1 and retry_after <= SHORT and buckets[-1].strictest(until, now) > 0.0
        buckets[-1 if by_channel else 0].learn(retry_after, now, known=known)
        for bucket in buckets:
            bucket.silence(until, now)

    def _bucket(self, key: Key, now: float) -> _Bucket:
        quota, lesson = key.quota.scaled(self._scale), self._lessons.setdefault(key.lesson, _Lesson())
        bucket = self._buckets.get(key.name)
        if bucket is None:
            if len(self._buckets) >= _MANY:
                self._buckets = {name: old for name, old in self._buckets.items() if not old.idle(now)}
            bucket = self._buckets[key.name] = _Bucket(quota, lesson, key.apart)
        bucket.quota = quota  # more or less of the limit may have been seen since
        return bucket
