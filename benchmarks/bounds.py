"""Computes what no schedule could undercut: the least mean lag of many answers, and how late some must be whole."""

from __future__ import annotations

import heapq
import math
import statistics
from collections.abc import Sequence

from benchmarks.crowd import POST, UPDATE, Stream
from benchmarks.replicas import CALL
from bot.pacing.budget import Budget
from bot.slack.tiers import POSTS_TO_A_CHANNEL, QUOTAS, Quota, keys


def bound(answers: Sequence[Stream], told: float) -> float:
    """The least mean lag of a word in seconds; see above."""
    edits, first = QUOTAS[UPDATE].scaled(told), min(answer.begin for answer in answers)
    by_end = sorted(answers, key=lambda answer: answer.end)
    area = [len(answer.words) * (answer.end - answer.begin) / 2 for answer in by_end]
    capacity = [int(edits.burst + edits.rate * (answer.end - first)) for answer in by_end]
    writes = [1] * len(by_end)
    gains = [(-whole / 2, rank) for rank, whole in enumerate(area)]
    heapq.heapify(gains)
    while gains:
        _, rank = heapq.heappop(gains)
        if min(capacity[rank:]) < 1:
            continue
        capacity[rank:] = [left - 1 for left in capacity[rank:]]
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


def whole(answers: Sequence[Stream], told: float) -> float:
    """The mean lag of a word if all answers are posted at their end, first come first served, and nothing else."""
    late = unavoidable(answers, told)
    lags = [answer.end + late[answer.ticket] - word for answer in answers for word in answer.words]
    return statistics.fmean(lags)


def unavoidable(answers: Sequence[Stream], told: float) -> dict[str, float]:
    """How late each answer is whole if all are posted at their end, first come first served, and no others called."""
    budget, late = Budget(scale=told), dict[str, float]()
    waiting = sorted(answers, key=lambda answer: answer.end)
    now = waiting[0].end
    while waiting:
        # The budget's clock does not go back, so all that have ended are tried at each moment.
        again = math.inf
        for answer in [answer for answer in waiting if answer.end <= now]:
            wait = budget.take(keys(POST, answer.channel), now)
            if wait <= 0.0:
                late[answer.ticket] = now + CALL - answer.end
                waiting.remove(answer)
            again = min(again, now + wait if wait > 0.0 else math.inf)
        now = min([again, *(answer.end for answer in waiting if answer.end > now)])
    return late
