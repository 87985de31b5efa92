"""Builds the keys and arguments of the script that is the shared write budget, and reads its reply.

Each call to Slack costs one round trip. With each draw a replica reports how many answers it is writing and learns how
many the others are; and one whose ending must wait says since when it is due, so that another leaves it the token.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.ports.budget import Counts, ReplicaCounts, Spent
from bot.slack.tiers import Key, Quota

NOTHING = ReplicaCounts()


def names(prefix: str, keys: Sequence[Key]) -> list[str]:
    """The script's keys, all in one slot of a Cluster."""
    first = keys[0].name if keys else ""
    buckets = [
        (f"{prefix}:{key.name}:bucket", f"{prefix}:{key.name}:taken", f"{prefix}:{key.lesson}:lesson") for key in keys
    ]
    return [f"{prefix}:answers", f"{prefix}:{first}:endings", *(name for bucket in buckets for name in bucket)]


def arguments(
    verb: str, number: float, call: str, report: ReplicaCounts, keys: Sequence[Key], *, due: float | None = None
) -> list[str | float]:
    """The script's arguments."""
    counts = (report.counts.editing, report.counts.standing, report.counts.streaming, report.counts.speed)
    figures = (figure for key in keys for figure in (key.quota.rate, key.quota.burst, key.apart))
    return [verb, number, call, -1.0 if due is None else max(0.0, due), report.replica, *counts, *figures]


def spent(answer: Sequence[int]) -> Spent:
    """The result of a draw, from the script's reply: integers, in milliseconds, thousandths and millionths."""
    wait, shared, level, rate, burst, editing, standing, streaming, speed = answer
    return Spent(
        wait=wait / 1e3,
        level=level / 1e3,
        quota=Quota(rate / 1e6, burst),
        shared_wait=shared / 1e3,
        counts=Counts(editing, standing, streaming, speed / 1e3),
    )
