"""Knows what an edit is worth: whose call goes next, and how far apart the edits of a growing answer are.

A reader of a text that grows by `speed` characters a second and is written every `gap` seconds is behind by gap / 2 on
average, so one call saves about speed * gap * gap / 2 of waiting. When calls are scarce they save most where all
answers get the same from each: gap proportional to 1 / sqrt(speed), so that the longest wait for the most new text goes
first. The mean gap comes from what the budget can give in the time that answers usually take.

An answer whose first words stand in Slack needs one edit more, its ending. One that ends before it was posted needs
none: it is posted whole. So when edits are scarce the first words wait like any others (the status line shows meanwhile
that there is an answer coming), and when they are not, they go out at once.

The numbers below were found by benchmarks/simulation.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.pacing.permits import Kind, Want
from bot.slack.tiers import Quota

CLOSEST: Final = 0.455
"""Seconds from the end of one write of an answer to the next, at least: with its status line and calls of 0.12 s, an
answer of eight seconds makes two calls a second. Nobody reads faster."""

HORIZON: Final = 9.5
"""What is in the bucket is spent so that it would last for this long, in seconds: about what an answer takes."""

OUTLIVED: Final = 0.65
"""The share of the due edits that are ever made: the others come to answers that have ended before."""

REFILL: Final = 5.5
"""So many seconds of refill are counted on when tokens are kept for endings."""

ALONE: Final = 16.0
"""HORIZON for a single answer, half of it for each of two: who is alone can count on what others would take."""

PATIENCE: Final = 5.5
"""First words are held back for so many seconds at most, where each ending has its edit: some half of what an answer
takes, when the only write before its ending saves most."""

AT_ONCE: Final = 0.5
"""First words are not held back while answers are written this often, in seconds."""

BRIM: Final = 0.4
"""The share of the gap that is waited for while the bucket is full, because what it cannot hold is lost."""

UNEVEN: Final = 1.5
"""Slow and fast answers have gaps that differ from the mean by this factor at most."""

LOOK: Final = 1.0
"""Seconds until the next look at the latest, for gaps shrink while the bucket fills."""

_SOON: Final = 0.01
_EPSILON: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Stock:
    """A bucket at a moment: the tokens in it, and its size and rate."""

    level: float
    quota: Quota


class Policy:
    """Shares the calls of a workspace out among answers. Holds nothing: all it goes by is told."""

    def reserve(self, kind: Kind, unfinished: int, quota: Quota) -> float:
        """The tokens that a call must leave for endings, of which `unfinished` answers will need one each.

        At most so many that a full bucket still has one to give: nobody waits for ever.
        """
        if kind is Kind.ENDING or unfinished <= 0:
            return 0.0
        return max(0.0, min(max(1.0, unfinished - quota.rate * REFILL), quota.burst - 1.0))

    def mean_speed(self, wants: Iterable[Want], now: float) -> float:
        """The mean speed of answers that go on, in characters a second; 0.0: none does."""
        speeds = [want.speed(now) for want in wants if want.kind is not Kind.ENDING and want.unseen]
        return sum(speeds) / len(speeds) if speeds else 0.0

    def gap(self, *, level: float, quota: Quota, growing: int, unfinished: int) -> float:
        """The mean of seconds between two writes of one answer, when `growing` share what is to be had."""
        spare = max(0.0, level - self.reserve(Kind.PROGRESS, unfinished, quota))
        horizon = max(HORIZON, ALONE / growing)
        return OUTLIVED * growing / (spare / horizon + quota.rate)

    def stream_in(
        self, *, starts: Stock, stops: Stock, appends: Stock, edits: Stock, streaming: int, growing: int, standing: int
    ) -> float:
        """Seconds until one more answer might begin to grow by a stream; 0.0: it may and it pays.

        `streaming` answers grow by streams; `growing` do not, of which `standing` can be seen, and the one that asks is
        among them. What a stream is begun with is scarce, and each one begun takes a stop away from the endings of the
        others. It pays while a stream is written at least as often as an answer that grows by edits.
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
        """The ticket whose call should be made now, or None; and in how many seconds to ask again (inf: no wants).

        All wants are of one method. `level` and `quota` are of the bucket that the answers grow by (chat.update or
        chat.appendStream), also where the wants are posts: a post is cheap, the edits that it will need are not.
        `growing` counts the answers that share that bucket, `unfinished` those of them that stand in Slack and will
        need it for their ending, and `mean` is the mean of their speeds; in all replicas.
        """
        gap = self.gap(level=level, quota=quota, growing=growing, unfinished=unfinished)
        hurry = BRIM if level > quota.burst - 0.5 else 1.0
        holds_back = gap > AT_ONCE and growing > 1
        # Each answer that is begun in Slack takes an edit away from the endings of those that stand there.
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
                    if now < want.last_write + CLOSEST:  # how fast it is cannot be judged yet
                        again = min(again, max(_SOON, want.last_write + CLOSEST - now))
            if due > now + _EPSILON:
                again = min(again, max(_SOON, due - now), LOOK)
                continue
            # Endings and first words in the order in which they became due, progress by what of its gap is over.
            order = (want.kind, -want.waited(now) / share if want.kind is Kind.PROGRESS else want.since)
            if best is None or order < best[0]:
                best = (order, ticket)
        return (best[1], 0.0) if best is not None else (None, again)


def _missing(tokens: float, stock: Stock) -> float:
    """Seconds until there are so many tokens, if nobody takes any."""
    return max(0.0, (tokens - stock.level) / stock.quota.rate)


def _share(speed: float, mean: float) -> float:
    """The gap of an answer of this speed, as a multiple of the mean gap."""
    if mean <= 0.0:
        return 1.0
    return min(UNEVEN, max(1.0 / UNEVEN, math.sqrt(mean / max(speed, _EPSILON))))
