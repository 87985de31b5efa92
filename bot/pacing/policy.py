"""Decides which answer may call Slack next, and how far apart the edits of a growing answer are.

The reader of an answer that grows by `speed` characters a second and is written every `gap` seconds is gap / 2 behind
on average, so one call saves about speed * gap * gap / 2 of waiting. When calls are scarce, they save most if each
saves the same: gap proportional to 1 / sqrt(speed), so that the longest wait for the most new text comes first. The
mean gap follows from what the budget can give in the time that answers usually take.

An answer whose first text is in Slack needs at least one more edit, its ending. One that ends before it was posted
needs none: it is posted whole. So when edits are scarce, first text waits like any other (meanwhile the status line
shows that an answer is coming); when they are not, it is posted at once.

The numbers below were found with benchmarks/simulation.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.pacing.permits import Kind, Want
from bot.slack.tiers import Quota

CLOSEST: Final = 0.455
"""The shortest time from the end of one write of an answer to the next, in seconds: with its status line and calls of
0.12 s, an answer of eight seconds makes two calls a second. Nobody reads faster."""

HORIZON: Final = 9.5
"""Tokens in the bucket are spent so that they last for so many seconds: about as long as an answer takes."""

OUTLIVED: Final = 0.65
"""The share of due edits that are made: the other answers end before theirs."""

REFILL: Final = 5.5
"""How much refill, in seconds, is counted on when tokens are reserved for endings."""

ALONE: Final = 16.0
"""HORIZON for a single answer, and half of it for each of two: a single answer can spend the others' share."""

PATIENCE: Final = 5.5
"""The longest time for which first text is held back, in seconds, if there are enough edits for all endings: about half
of what an answer takes, which is when the only write before its ending saves most."""

AT_ONCE: Final = 0.5
"""First text is not held back while answers are written at least every so many seconds."""

BRIM: Final = 0.4
"""The share of the gap to wait while the bucket is full, because further refill would be lost."""

UNEVEN: Final = 1.5
"""The largest factor by which the gap of a slow or fast answer differs from the mean."""

LOOK: Final = 1.0
"""The longest time until the next decision, in seconds, because gaps shrink while the bucket fills."""

_SOON: Final = 0.01
_EPSILON: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Stock:
    """The state of a bucket at one moment: the tokens in it, and its size and rate."""

    level: float
    quota: Quota


class Policy:
    """Shares the calls of a workspace among its answers. Has no state: everything it needs is an argument."""

    def reserve(self, kind: Kind, unfinished: int, quota: Quota) -> float:
        """The tokens that a call must leave for endings, of which `unfinished` answers will need one each.

        At most so many that a full bucket still has one to give, so that no call waits for ever.
        """
        if kind is Kind.ENDING or unfinished <= 0:
            return 0.0
        return max(0.0, min(max(1.0, unfinished - quota.rate * REFILL), quota.burst - 1.0))

    def mean_speed(self, wants: Iterable[Want], now: float) -> float:
        """The mean speed of the answers that are growing, in characters a second; 0.0 if there are none."""
        speeds = [want.speed(now) for want in wants if want.kind is not Kind.ENDING and want.unseen]
        return sum(speeds) / len(speeds) if speeds else 0.0

    def gap(self, *, level: float, quota: Quota, growing: int, unfinished: int) -> float:
        """The mean time between two writes of one answer, in seconds, if `growing` answers share the budget."""
        spare = max(0.0, level - self.reserve(Kind.PROGRESS, unfinished, quota))
        horizon = max(HORIZON, ALONE / growing)
        return OUTLIVED * growing / (spare / horizon + quota.rate)

    def stream_in(
        self, *, starts: Stock, stops: Stock, appends: Stock, edits: Stock, streaming: int, growing: int, standing: int
    ) -> float:
        """Seconds until one more answer might begin to grow by a stream; 0.0: now, and it is worth it.

        `streaming` answers grow by streams; `growing` do not, including the one that asks, and `standing` of these are
        visible. Starts of streams are scarce, and each takes a stop away from the endings of others. A stream is worth
        it while it is written at least as often as an answer that grows by edits.
        """
        wait = max(_missing(1.0, starts), _missing(1.0, stops), _missing(streaming + 1.0, stops) - REFILL)
        by_stream = self.gap(level=appends.level, quota=appends.quota, growing=streaming + 1, unfinished=0)
        by_edits = self.gap(level=edits.level, quota=edits.quota, growing=max(growing, 1), unfinished=standing)
        return max(wait, LOOK if by_stream > max(CLOSEST, by_edits) else 0.0)

    def choose(
        self,
        wants: Mapping[str, Want],
        now: float,
        *,
        level: float,
        quota: Quota,
        growing: int,
        unfinished: int,
        mean: float,
    ) -> tuple[str | None, float]:
        """The ticket whose call should be made now, or None; and the seconds until the next decision (inf: no wants).

        All wants are for one method. `level` and `quota` are those of the bucket that the answers grow by (chat.update
        or chat.appendStream), even if the wants are posts: a post is cheap, but the edits that follow are not.
        `growing` counts the answers that share that bucket, `unfinished` those of them that are visible and will need
        it for their ending, and `mean` is the mean of their speeds; all of them over all replicas.
        """
        gap = self.gap(level=level, quota=quota, growing=growing, unfinished=unfinished)
        hurry = BRIM if level > quota.burst - 0.5 else 1.0
        holds_back = gap > AT_ONCE and growing > 1
        # Each answer that begins in Slack takes an edit away from the endings of those already there.
        affordable = level + quota.rate * REFILL >= unfinished + 1.0
        best: tuple[tuple[float, float], str] | None = None
        again = math.inf
        for ticket, want in wants.items():
            share = _share(want.speed(now), mean)
            match want.kind:
                case Kind.ENDING:
                    due = now
                case Kind.FIRST:
                    due = want.since + (min(gap * share, PATIENCE) if holds_back else 0.0) if affordable else now + LOOK
                case Kind.PROGRESS:
                    due = want.last_write + max(CLOSEST, gap * share * hurry)
                    if now < want.last_write + CLOSEST:  # too early to judge its speed
                        again = min(again, max(_SOON, want.last_write + CLOSEST - now))
            if due > now + _EPSILON:
                again = min(again, max(_SOON, due - now), LOOK)
                continue
            # Endings and first text in the order in which they became due; progress by how much of its gap is over.
            order = (want.kind, -want.waited(now) / share if want.kind is Kind.PROGRESS else want.since)
            if best is None or order < best[0]:
                best = (order, ticket)
        return (best[1], 0.0) if best is not None else (None, again)


def _missing(tokens: float, stock: Stock) -> float:
    """Seconds until there are so many tokens if none are taken."""
    return max(0.0, (tokens - stock.level) / stock.quota.rate)


def _share(speed: float, mean: float) -> float:
    """The gap of an answer of this speed, as a multiple of the mean gap."""
    if mean <= 0.0:
        return 1.0
    return min(UNEVEN, max(1.0 / UNEVEN, math.sqrt(mean / max(speed, _EPSILON))))
