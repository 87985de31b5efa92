"""Knows how many calls Slack will still take: buckets filled by time, emptied by calls, and humbled by refusals.

The generic cell rate algorithm: of each bucket only the time is kept at which it will be full again (`full_at`). With
`now` before it, the bucket lacks (full_at - now) * rate tokens; a call moves it by 1 / rate. Nothing is counted up, so
nothing drifts.

A refusal (429) says that Slack's limit is below the one we were told. The calls of the last minute are remembered for
that moment: as many as were taken is what Slack allows. That number is respected for `HOLD` seconds, in the bucket's
size and rate and as a count of any minute, and then raised by a quarter each minute until the told limit is reached or
Slack refuses again. So a bucket is refused once a minute at most, but for calls that were under way at that moment, and
in the long run once in about five minutes.
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
"""The share of the told limit below which a first refusal does not take us. After a restart with an empty memory we
have made no calls that we know of, and Slack refuses for those we have forgotten."""

SHORT: Final = 5.0
"""A Retry-After up to this, in seconds, is of a limit by the second, as the one of posts to a channel is."""

_MANY: Final = 1024
"""Buckets that are kept before idle ones are thrown away; each channel has one."""

_EPSILON: Final = 1e-9


@dataclass(slots=True)
class _Bucket:
    quota: Quota
    full_at: float = -math.inf
    blocked_until: float = -math.inf
    taken: deque[float] = field(default_factory=deque)
    most: int | None = None
    """The calls a minute that a refusal has taught; None: as we were told."""
    raise_at: float = math.inf

    def at(self, now: float) -> Quota:
        """Bring the bucket to `now`; returns the quota that holds."""
        while self.taken and self.taken[0] <= now - WINDOW:
            self.taken.popleft()
        while self.most is not None and now >= self.raise_at:
            self.most = max(self.most + 1, int(self.most * RAISE))
            self.raise_at += STEP
            if self.most >= self.quota.per_minute:
                self.most, self.raise_at = None, math.inf
        if self.most is None:
            return self.quota
        return self.quota.scaled(self.most / self.quota.per_minute)

    def level(self, now: float) -> float:
        quota = self.at(now)
        if now < self.blocked_until:
            return 0.0
        level = quota.burst - max(0.0, self.full_at - now) * quota.rate
        return max(0.0, level if self.most is None else min(level, self.most - len(self.taken)))

    def wait(self, now: float, reserve: float, *, urgent: bool) -> float:
        """Seconds until a token can be taken and `reserve` remain; a reserve of more than fits is what fits."""
        quota = self.at(now)
        if urgent and self.most is not None and len(self.taken) < self.quota.per_minute:
            return max(0.0, self.blocked_until - now)
        need = min(1.0 + reserve, float(quota.burst))
        ready = max(self.blocked_until, self.full_at - (quota.burst - need) / quota.rate)
        if self.most is not None:
            too_many = math.ceil(len(self.taken) + min(need, self.most) - self.most)
            if too_many > 0:
                ready = max(ready, self.taken[too_many - 1] + WINDOW)
        return ready - now if ready - now > _EPSILON else 0.0

    def take(self, now: float) -> None:
        self.full_at = max(self.full_at, now) + 1.0 / self.at(now).rate
        self.taken.append(now)

    def refused(self, least: float, now: float) -> None:
        """Learn from a refusal of the call that was taken last; not to fewer calls a minute than `least` at first."""
        self.at(now)
        if self.taken:
            self.taken.pop()
        if self.most is None:
            self.most = max(1, int(min(max(len(self.taken), least), self.quota.per_minute * 0.9)))
        else:
            self.most = max(1, min(len(self.taken), self.most - 1))
        self.raise_at = now + HOLD

    def silence(self, until: float, now: float) -> None:
        """Nothing before `until`. One call is free then; what has gathered meanwhile comes at the bucket's rate."""
        quota = self.at(now)
        self.blocked_until = max(self.blocked_until, until)
        self.full_at = max(self.full_at, until + (quota.burst - 1) / quota.rate)

    def is_busy(self, now: float) -> bool:
        """There was a call not long before the last."""
        return len(self.taken) > 1 and self.taken[-2] > now - 2.0 * SHORT

    def idle(self, now: float) -> bool:
        self.at(now)
        return not self.taken and self.most is None and max(self.full_at, self.blocked_until) <= now


class Budget:
    """The write budget of one workspace. `scale` multiplies all limits, for workspaces that have others.

    Times are seconds of one clock, of any start; they may stand still but not run back.
    """

    def __init__(self, *, scale: float = 1.0) -> None:
        self._scale = scale
        self._buckets: dict[str, _Bucket] = {}

    def take(self, keys: Sequence[Key], now: float, *, reserve: float = 0.0, urgent: bool = False) -> float:
        """Take one token from each bucket: 0.0; or nothing from any, and the seconds until it could be.

        `reserve` tokens must remain in the first key's bucket. If that is more than it can hold, a full one will do.
        An `urgent` call, one that ends an answer, waits for the silence that Slack has asked for and for the limit
        that we were told, but not for a lower one that a refusal has taught: nobody should read half an answer for a
        minute because of a lesson that may be wrong.
        """
        buckets = [self._bucket(key, now) for key in keys]
        waits = [bucket.wait(now, 0.0 if rank else reserve, urgent=urgent) for rank, bucket in enumerate(buckets)]
        wait = max(waits, default=0.0)
        if wait <= 0.0:
            for bucket in buckets:
                bucket.take(now)
        return wait

    def level(self, key: Key, now: float) -> float:
        """The tokens that are in a bucket; 0.0 while Slack has asked for silence."""
        return self._bucket(key, now).level(now)

    def quota(self, key: Key, now: float) -> Quota:
        """The bucket as it is at present: scaled, and lowered where a refusal has taught so."""
        return self._bucket(key, now).at(now)

    def limited(self, keys: Sequence[Key], retry_after: float, now: float) -> None:
        """Slack has refused (429) a call that had been taken from `keys`: nothing before `retry_after` seconds.

        Slack does not say which of several limits was met. That of a channel counts seconds: a wait of up to `SHORT`
        is taken for the last key's if that has let another call through just before, and one call in that time for its
        rate. Any other wait is of the method. A refusal in the silence that an earlier one has asked for teaches
        nothing: its call was under way already.
        """
        buckets = [self._bucket(key, now) for key in keys]
        is_short = len(buckets) > 1 and retry_after <= SHORT and buckets[-1].is_busy(now)
        met = buckets[-1] if is_short else buckets[0]
        if met.most is None or now >= met.blocked_until:
            met.refused(60.0 / (1.0 + retry_after) if is_short else met.quota.per_minute * LOWEST, now)
        for bucket in buckets:
            bucket.silence(now + retry_after, now)

    def _bucket(self, key: Key, now: float) -> _Bucket:
        bucket = self._buckets.get(key.name)
        if bucket is None:
            if len(self._buckets) >= _MANY:
                self._buckets = {name: old for name, old in self._buckets.items() if not old.idle(now)}
            bucket = self._buckets[key.name] = _Bucket(key.quota.scaled(self._scale))
        return bucket
